//! The README's table of what each client can ask of each kind of provider, made from what the encoders do.
//!
//! `UPDATE_README=1 cargo test -p hub-dialects readme` writes it anew.

use std::fmt::Write as _;
use std::path::Path;

use bytes::Bytes;
use hub_dialects::Encoded;
use hub_dialects::anthropic::{self, Generation, Purpose};
use hub_dialects::gemini::{self, ThinkingControl};
use hub_dialects::openai::{self, LimitField, Quirks};
use hub_domain::error::ProviderError;
use hub_domain::vocabulary::{Dialect, Request, Source};

const BEGIN: &str = "<!-- what each client can ask of each provider: begin -->\n";
const END: &str = "<!-- end -->";

/// A feature, and how each dialect asks for it, where it can: members beside the conversation, or a message.
struct Feature {
    name: &'static str,
    openai: Option<&'static str>,
    anthropic: Option<&'static str>,
    gemini: Option<&'static str>,
}

const OPENAI_TOOL: &str =
    r#""tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]"#;

const FEATURES: &[Feature] = &[
    Feature {
        name: "system prompt",
        openai: Some(r#""messages":[{"role":"system","content":"s"},{"role":"user","content":"x"}]"#),
        anthropic: Some(r#""system":"s""#),
        gemini: Some(r#""systemInstruction":{"parts":[{"text":"s"}]}"#),
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
    },
    Feature {
        name: "audio, inline",
        openai: Some(
            r#""messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"}}]}]"#,
        ),
        anthropic: None,
        gemini: Some(r#""contents":[{"parts":[{"inlineData":{"mimeType":"audio/wav","data":"AAAA"}}]}]"#),
    },
    Feature {
        name: "tools",
        openai: Some(OPENAI_TOOL),
        anthropic: Some(r#""tools":[{"name":"f","input_schema":{"type":"object"}}]"#),
        gemini: Some(r#""tools":[{"functionDeclarations":[{"name":"f"}]}]"#),
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
    },
    Feature {
        name: "one tool at a time",
        openai: Some(r#""tools":[{"type":"function","function":{"name":"f"}}],"parallel_tool_calls":false"#),
        anthropic: Some(
            r#""tools":[{"name":"f","input_schema":{"type":"object"}}],"tool_choice":{"type":"auto","disable_parallel_tool_use":true}"#,
        ),
        gemini: None,
    },
    Feature {
        name: "tools that the provider runs",
        openai: None,
        anthropic: Some(r#""tools":[{"type":"web_search_20250305","name":"web_search"}]"#),
        gemini: Some(r#""tools":[{"googleSearch":{}}]"#),
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
    },
    Feature {
        name: "thinking",
        openai: Some(r#""reasoning_effort":"low""#),
        anthropic: Some(r#""thinking":{"type":"enabled","budget_tokens":2048}"#),
        gemini: Some(r#""generationConfig":{"thinkingConfig":{"thinkingBudget":2048}}"#),
    },
    Feature {
        name: "marks for prompt caches",
        openai: None,
        anthropic: Some(r#""system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral"}}]"#),
        gemini: None,
    },
    Feature {
        name: "several answers",
        openai: Some(r#""n":2"#),
        anthropic: None,
        gemini: Some(r#""generationConfig":{"candidateCount":2}"#),
    },
    Feature {
        name: "stop sequences",
        openai: Some(r#""stop":["END"]"#),
        anthropic: Some(r#""stop_sequences":["END"]"#),
        gemini: Some(r#""generationConfig":{"stopSequences":["END"]}"#),
    },
    Feature {
        name: "seed",
        openai: Some(r#""seed":7"#),
        anthropic: None,
        gemini: Some(r#""generationConfig":{"seed":7}"#),
    },
    Feature {
        name: "log probabilities",
        openai: Some(r#""logprobs":true"#),
        anthropic: None,
        gemini: Some(r#""generationConfig":{"responseLogprobs":true}"#),
    },
];

fn request(dialect: Dialect, members: &str) -> Request {
    let has = |key: &str| members.contains(&format!("\"{key}\":["));
    let messages = if has("messages") { "" } else { r#","messages":[{"role":"user","content":"x"}]"# };
    let contents = if has("contents") { "" } else { r#","contents":[{"parts":[{"text":"x"}]}]"# };
    let body = match dialect {
        Dialect::OpenAi => format!(r#"{{"model":"m",{members}{messages}}}"#),
        Dialect::Anthropic => format!(r#"{{"model":"m","max_tokens":9000,{members}{messages}}}"#),
        Dialect::Gemini => format!("{{{members}{contents}}}"),
    };
    let body = Bytes::from(body);
    let canonical = match dialect {
        Dialect::OpenAi => openai::decode_chat(&body),
        Dialect::Anthropic => anthropic::decode_messages(&body, Purpose::Answer),
        Dialect::Gemini => gemini::decode_generate(&body, "m", false),
    };
    let canonical = canonical.unwrap_or_else(|error| panic!("{error} in {members}"));
    Request { source: Some(Source::of(dialect, body)), canonical }
}

/// For models that think; others are not told to.
fn encoded(request: &Request, upstream: Dialect) -> Result<Encoded, ProviderError> {
    match upstream {
        Dialect::OpenAi => {
            let limit_field = LimitField::OnlyMaxCompletionTokens;
            let quirks = Quirks::default();
            openai::encode_request(
                request,
                &openai::UpstreamTarget { model: "m", output_limit: None, limit_field, quirks },
            )
        }
        Dialect::Anthropic => {
            let generation = Generation { budget: true, sampling: true, max_output_tokens: 8_192 };
            anthropic::encode_request(
                request,
                &anthropic::UpstreamTarget { model: "m", output_limit: None, generation },
            )
        }
        Dialect::Gemini => {
            let thinking = ThinkingControl::Budget { min: 0, max: 24_576 };
            gemini::encode_request(
                request,
                &gemini::UpstreamTarget { model: "m", output_limit: None, thinking },
            )
        }
    }
}

const ALL: [(Dialect, &str); 3] =
    [(Dialect::OpenAi, "OpenAI"), (Dialect::Anthropic, "Anthropic"), (Dialect::Gemini, "Gemini")];

fn table() -> String {
    let mut table = String::from("| client's dialect → provider |");
    let mut rule = String::from("|---|");
    for (_, client) in ALL {
        for (_, upstream) in ALL {
            let _ = write!(table, " {client} → {upstream} |");
            rule.push_str(":-:|");
        }
    }
    let _ = write!(table, "\n{rule}\n");
    for feature in FEATURES {
        let _ = write!(table, "| {} |", feature.name);
        for ((client, _), asked) in ALL.into_iter().zip([feature.openai, feature.anthropic, feature.gemini]) {
            for (upstream, _) in ALL {
                let sign = match asked.map(|asked| encoded(&request(client, asked), upstream)) {
                    None => "",
                    Some(Ok(encoded)) if encoded.dropped.is_empty() => "yes",
                    Some(Ok(_)) => "dropped",
                    Some(Err(_)) => "refused",
                };
                let _ = write!(table, " {sign} |");
            }
        }
        table.push('\n');
    }
    table
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
