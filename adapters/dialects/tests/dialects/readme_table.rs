//! The README's table of what each client can ask of each kind of provider, made from what the encoders do.
//!
//! `UPDATE_README=1 cargo test -p hub-dialects readme` writes it anew.

use std::fmt::Write as _;
use std::path::Path;

use bytes::Bytes;
use hub_dialects::Encoded;
use hub_dialects::aigne;
use hub_dialects::anthropic::{self, Generation, Purpose};
use hub_dialects::gemini::{self, ThinkingControl};
use hub_dialects::openai::{self, LimitField, Quirks};
use hub_dialects::responses;
use hub_domain::error::{CallError, ProviderError};
use hub_domain::vocabulary::{Canonical, Dialect, Request, Source, Upload, UploadForm};

const BEGIN: &str = "<!-- what each client can ask of each provider: begin -->\n";
const END: &str = "<!-- end -->";

/// A feature, and how each dialect asks for it, where it can: members beside the conversation, or a message.
struct Feature {
    name: &'static str,
    openai: Option<&'static str>,
    anthropic: Option<&'static str>,
    gemini: Option<&'static str>,
    aigne: Option<&'static str>,
    responses: Option<&'static str>,
}

const OPENAI_TOOL: &str =
    r#""tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]"#;

const FEATURES: &[Feature] = &[
    Feature {
        name: "system prompt",
        openai: Some(r#""messages":[{"role":"system","content":"s"},{"role":"user","content":"x"}]"#),
        anthropic: Some(r#""system":"s""#),
        gemini: Some(r#""systemInstruction":{"parts":[{"text":"s"}]}"#),
        aigne: Some(r#""messages":[{"role":"system","content":"s"},{"role":"user","content":"x"}]"#),
        responses: Some(r#""instructions":"s""#),
    },
    Feature {
        name: "images, inline",
        openai: Some(
            r#""messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}]"#,
        ),
        anthropic: Some(
            r#""messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}}]}]"#,
        ),
        gemini: Some(r#""contents":[{"parts":[{"inlineData":{"mimeType":"image/png","data":"AAAA"}}]}]"#),
        aigne: Some(
            r#""messages":[{"role":"user","content":[{"type":"file","mimeType":"image/png","data":"AAAA"}]}]"#,
        ),
        responses: Some(
            r#""input":[{"role":"user","content":[{"type":"input_image","image_url":"data:image/png;base64,AAAA"}]}]"#,
        ),
    },
    Feature {
        name: "images, by URL",
        openai: Some(
            r#""messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://x.test/a.png"}}]}]"#,
        ),
        anthropic: Some(
            r#""messages":[{"role":"user","content":[{"type":"image","source":{"type":"url","url":"https://x.test/a.png"}}]}]"#,
        ),
        gemini: None,
        aigne: Some(
            r#""messages":[{"role":"user","content":[{"type":"url","url":"https://x.test/a.png"}]}]"#,
        ),
        responses: Some(
            r#""input":[{"role":"user","content":[{"type":"input_image","image_url":"https://x.test/a.png"}]}]"#,
        ),
    },
    Feature {
        name: "PDF, inline",
        openai: Some(
            r#""messages":[{"role":"user","content":[{"type":"file","file":{"file_data":"data:application/pdf;base64,AAAA"}}]}]"#,
        ),
        anthropic: Some(
            r#""messages":[{"role":"user","content":[{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"AAAA"}}]}]"#,
        ),
        gemini: Some(
            r#""contents":[{"parts":[{"inlineData":{"mimeType":"application/pdf","data":"AAAA"}}]}]"#,
        ),
        aigne: Some(
            r#""messages":[{"role":"user","content":[{"type":"file","mimeType":"application/pdf","data":"AAAA"}]}]"#,
        ),
        responses: Some(
            r#""input":[{"role":"user","content":[{"type":"input_file","file_data":"data:application/pdf;base64,AAAA"}]}]"#,
        ),
    },
    Feature {
        name: "audio, inline",
        openai: Some(
            r#""messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"}}]}]"#,
        ),
        anthropic: None,
        gemini: Some(r#""contents":[{"parts":[{"inlineData":{"mimeType":"audio/wav","data":"AAAA"}}]}]"#),
        aigne: Some(
            r#""messages":[{"role":"user","content":[{"type":"file","mimeType":"audio/wav","data":"AAAA"}]}]"#,
        ),
        responses: Some(
            r#""input":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"}}]}]"#,
        ),
    },
    Feature {
        name: "tools",
        openai: Some(OPENAI_TOOL),
        anthropic: Some(r#""tools":[{"name":"f","input_schema":{"type":"object"}}]"#),
        gemini: Some(r#""tools":[{"functionDeclarations":[{"name":"f"}]}]"#),
        aigne: Some(OPENAI_TOOL),
        responses: Some(r#""tools":[{"type":"function","name":"f","parameters":{"type":"object"}}]"#),
    },
    Feature {
        name: "a tool by force",
        openai: Some(
            r#""tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":{"type":"function","function":{"name":"f"}}"#,
        ),
        anthropic: Some(
            r#""tools":[{"name":"f","input_schema":{"type":"object"}}],"tool_choice":{"type":"tool","name":"f"}"#,
        ),
        gemini: Some(
            r#""tools":[{"functionDeclarations":[{"name":"f"}]}],"toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["f"]}}"#,
        ),
        aigne: Some(
            r#""tools":[{"type":"function","function":{"name":"f"}}],"toolChoice":{"type":"function","function":{"name":"f"}}"#,
        ),
        responses: Some(
            r#""tools":[{"type":"function","name":"f"}],"tool_choice":{"type":"function","name":"f"}"#,
        ),
    },
    Feature {
        name: "one tool at a time",
        openai: Some(r#""tools":[{"type":"function","function":{"name":"f"}}],"parallel_tool_calls":false"#),
        anthropic: Some(
            r#""tools":[{"name":"f","input_schema":{"type":"object"}}],"tool_choice":{"type":"auto","disable_parallel_tool_use":true}"#,
        ),
        gemini: None,
        aigne: Some(
            r#""tools":[{"type":"function","function":{"name":"f"}}],"modelOptions":{"parallelToolCalls":false}"#,
        ),
        responses: Some(r#""tools":[{"type":"function","name":"f"}],"parallel_tool_calls":false"#),
    },
    Feature {
        name: "tools that the provider runs",
        openai: None,
        anthropic: Some(r#""tools":[{"type":"web_search_20250305","name":"web_search"}]"#),
        gemini: Some(r#""tools":[{"googleSearch":{}}]"#),
        aigne: None,
        responses: Some(r#""tools":[{"type":"web_search"}]"#),
    },
    Feature {
        name: "structured output",
        openai: Some(
            r#""response_format":{"type":"json_schema","json_schema":{"name":"o","schema":{"type":"object"}}}"#,
        ),
        anthropic: Some(r#""output_config":{"format":{"type":"json_schema","schema":{"type":"object"}}}"#),
        gemini: Some(
            r#""generationConfig":{"responseMimeType":"application/json","responseSchema":{"type":"OBJECT"}}"#,
        ),
        aigne: Some(
            r#""responseFormat":{"type":"json_schema","jsonSchema":{"name":"o","schema":{"type":"object"}}}"#,
        ),
        responses: Some(r#""text":{"format":{"type":"json_schema","name":"o","schema":{"type":"object"}}}"#),
    },
    Feature {
        name: "thinking",
        openai: Some(r#""reasoning_effort":"low""#),
        anthropic: Some(r#""thinking":{"type":"enabled","budget_tokens":2048}"#),
        gemini: Some(r#""generationConfig":{"thinkingConfig":{"thinkingBudget":2048}}"#),
        aigne: Some(r#""modelOptions":{"reasoningEffort":2048}"#),
        responses: Some(r#""reasoning":{"effort":"low"}"#),
    },
    Feature {
        name: "marks for prompt caches",
        openai: None,
        anthropic: Some(r#""system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral"}}]"#),
        gemini: None,
        aigne: Some(r#""messages":[{"role":"user","content":"x","cacheControl":{"type":"ephemeral"}}]"#),
        responses: None,
    },
    Feature {
        name: "several answers",
        openai: Some(r#""n":2"#),
        anthropic: None,
        gemini: Some(r#""generationConfig":{"candidateCount":2}"#),
        aigne: None,
        responses: None,
    },
    Feature {
        name: "stop sequences",
        openai: Some(r#""stop":["END"]"#),
        anthropic: Some(r#""stop_sequences":["END"]"#),
        gemini: Some(r#""generationConfig":{"stopSequences":["END"]}"#),
        aigne: None,
        responses: None,
    },
    Feature {
        name: "seed",
        openai: Some(r#""seed":7"#),
        anthropic: None,
        gemini: Some(r#""generationConfig":{"seed":7}"#),
        aigne: Some(r#""modelOptions":{"seed":7}"#),
        responses: None,
    },
    Feature {
        name: "log probabilities",
        openai: Some(r#""logprobs":true"#),
        anthropic: None,
        gemini: Some(r#""generationConfig":{"responseLogprobs":true}"#),
        aigne: None,
        responses: Some(r#""top_logprobs":2"#),
    },
];

fn request(dialect: Dialect, members: &str) -> Request {
    let has = |key: &str| members.contains(&format!("\"{key}\":["));
    let messages = if has("messages") { "" } else { r#","messages":[{"role":"user","content":"x"}]"# };
    let contents = if has("contents") { "" } else { r#","contents":[{"parts":[{"text":"x"}]}]"# };
    let input = if has("input") { "" } else { r#","input":"x""# };
    let body = match dialect {
        Dialect::OpenAi => format!(r#"{{"model":"m",{members}{messages}}}"#),
        Dialect::Responses => format!(r#"{{"model":"m",{members}{input}}}"#),
        Dialect::Anthropic => format!(r#"{{"model":"m","max_tokens":9000,{members}{messages}}}"#),
        Dialect::Gemini => format!("{{{members}{contents}}}"),
        Dialect::Aigne | Dialect::Legacy => format!(r#"{{"model":"m","input":{{{members}{messages}}}}}"#),
    };
    let body = Bytes::from(body);
    let canonical = match dialect {
        Dialect::OpenAi => openai::decode_chat(&body),
        Dialect::Responses => responses::decode_request(&body),
        Dialect::Anthropic => anthropic::decode_messages(&body, Purpose::Answer),
        Dialect::Gemini => gemini::decode_generate(&body, "m", false),
        Dialect::Aigne | Dialect::Legacy => aigne::decode_chat(&body),
    };
    let canonical = canonical.unwrap_or_else(|error| panic!("{error} in {members}"));
    Request { source: Some(Source::of(dialect, body)), canonical }
}

/// For models that think; others are not told to.
fn encoded(request: &Request, upstream: Dialect) -> Result<Encoded, ProviderError> {
    match upstream {
        Dialect::Responses => {
            let target = responses::UpstreamTarget { model: "m", output_limit: None, is_reasoning: true };
            responses::encode_request(request, &target)
        }
        Dialect::OpenAi => {
            let limit_field = LimitField::OnlyMaxCompletionTokens;
            let quirks = Quirks::default();
            openai::encode_request(
                request,
                &openai::UpstreamTarget {
                    model: "m",
                    output_limit: None,
                    limit_field,
                    quirks,
                    speech_events: false,
                },
            )
        }
        Dialect::Anthropic => {
            let generation = Generation { budget: true, sampling: true, max_output_tokens: 8_192 };
            anthropic::encode_request(
                request,
                &anthropic::UpstreamTarget { model: "m", output_limit: None, generation },
            )
        }
        Dialect::Gemini | Dialect::Aigne | Dialect::Legacy => {
            let thinking = ThinkingControl::Budget { min: 0, max: 24_576 };
            gemini::encode_request(
                request,
                &gemini::UpstreamTarget { model: "m", output_limit: None, thinking },
            )
        }
    }
}

/// Dialects that providers speak.
const PROVIDERS: [(Dialect, &str); 4] = [
    (Dialect::OpenAi, "OpenAI"),
    (Dialect::Responses, "OpenAI's Responses"),
    (Dialect::Anthropic, "Anthropic"),
    (Dialect::Gemini, "Gemini"),
];

/// Dialects that clients speak. The older dialect of `chat/completions` has a part of what OpenAI's has.
const CLIENTS: [(Dialect, &str); 5] = [
    (Dialect::OpenAi, "OpenAI"),
    (Dialect::Responses, "OpenAI, Responses"),
    (Dialect::Anthropic, "Anthropic"),
    (Dialect::Gemini, "Gemini"),
    (Dialect::Aigne, "AIGNE"),
];

/// Rows are features, columns are clients; a cell says how each provider takes it.
fn table() -> String {
    let mut table = String::from("| from a client of |");
    let mut rule = String::from("|---|");
    for (_, client) in CLIENTS {
        let _ = write!(table, " {client} |");
        rule.push_str("---|");
    }
    let _ = write!(table, "\n{rule}\n");
    for feature in FEATURES {
        let _ = write!(table, "| {} |", feature.name);
        let asked = [feature.openai, feature.responses, feature.anthropic, feature.gemini, feature.aigne];
        for ((client, _), asked) in CLIENTS.into_iter().zip(asked) {
            let _ = write!(table, " {} |", asked.map(|asked| cell(client, asked)).unwrap_or_default());
        }
        table.push('\n');
    }
    for (name, is_aignes, canonical) in media() {
        let cell = media_cell(&canonical);
        let aigne = if is_aignes { cell.as_str() } else { "" };
        let _ = writeln!(table, "| {name} | {cell} |  |  |  | {aigne} |");
    }
    table
}

/// What is asked beside conversations, and whether AIGNE's clients have words of their own for it.
fn media() -> Vec<(&'static str, bool, Canonical)> {
    let read = |canonical: Result<Canonical, CallError>| canonical.unwrap();
    let body = |text: &'static str| Bytes::from_static(text.as_bytes());
    let upload = Upload::new(1, Bytes::new(), Box::pin(futures_util::stream::empty()));
    let form = UploadForm { fields: vec![("model".to_owned(), "m".to_owned())], upload };
    let edit = r#"{"model":"m","prompt":"x","images":[{"image_url":"https://x.test/a.png"}]}"#;
    vec![
        ("vectors", true, read(openai::decode_embeddings(&body(r#"{"model":"m","input":"x"}"#)))),
        ("images made", true, read(openai::decode_images(&body(r#"{"model":"m","prompt":"x"}"#)))),
        ("images edited", true, read(openai::decode_image_edit(&body(edit)))),
        ("text read aloud", false, read(openai::decode_speech(&body(r#"{"model":"m","input":"x"}"#)))),
        ("speech written down", false, read(openai::decode_transcription(form, false))),
    ]
}

fn media_cell(canonical: &Canonical) -> String {
    let body = Bytes::from_static(b"{}");
    let request = Request { source: Some(Source::of(Dialect::OpenAi, body)), canonical: canonical.clone() };
    // Forms are written by OpenAI's provider, piece by piece.
    let takes = |provider| {
        (provider == Dialect::OpenAi && canonical.form().is_some()) || encoded(&request, provider).is_ok()
    };
    let refused: Vec<_> =
        PROVIDERS.into_iter().filter(|(provider, _)| !takes(*provider)).map(|(_, name)| name).collect();
    if refused.is_empty() { "yes".to_owned() } else { format!("refused for {}", refused.join(", ")) }
}

fn cell(client: Dialect, asked: &str) -> String {
    let (mut fetched, mut dropped, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for (provider, name) in PROVIDERS {
        match encoded(&request(client, asked), provider) {
            Ok(encoded) if encoded.dropped.is_empty() => {}
            Ok(_) => dropped.push(name),
            // The provider's adapter puts inline what its dialect can't name by URL.
            Err(_) if provider == Dialect::Gemini && asked.contains("https://x.test/a.png") => {
                fetched.push(name)
            }
            Err(_) => refused.push(name),
        }
    }
    if fetched.len() + dropped.len() + refused.len() == 0 {
        return "yes".to_owned();
    }
    let said = [("fetched for ", fetched), ("dropped for ", dropped), ("refused for ", refused)].into_iter();
    let said = said.filter(|(_, names)| !names.is_empty());
    said.map(|(what, names)| what.to_owned() + &names.join(", ")).collect::<Vec<_>>().join("; ")
}

#[test]
fn the_readme_says_what_the_code_does() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = readme.split_once(BEGIN).unwrap();
    let (shown, after) = rest.split_once(END).unwrap();
    let table = table();
    if std::env::var_os("UPDATE_README").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
        return;
    }
    assert_eq!(shown, table, "`UPDATE_README=1 cargo test -p hub-dialects readme` writes it anew");
}
