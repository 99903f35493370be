//! Which requests go to OpenAI's Responses rather than to Chat Completions: tables by address and by model, so
//! that neither is a matter of code.

use hub_domain::vocabulary::{Canonical, ChatRequest, Dialect, Request};

use super::limit_field;
use crate::base_url::BaseUrl;

/// Hosts that have Responses. Of any other an operator says so.
const HOSTS: &[&str] = &[
    "api.openai.com",
    // <https://docs.x.ai/docs/guides/chat> has Chat Completions as deprecated.
    "api.x.ai",
];

/// When a model can't be had by Chat Completions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Only {
    Always,
    /// With tools, when it is told to think.
    ToolsAndThoughts,
    /// With tools, unless it is told not to think: it thinks by itself.
    Tools,
}

/// Models by how their names begin; the first that fits counts. From the models' pages at
/// <https://developers.openai.com/api/docs/models>, and for tools from what the API answers.
const MODELS: &[(&str, Only)] = &[
    ("o1-pro", Only::Always),
    ("o3-pro", Only::Always),
    ("o3-deep-research", Only::Always),
    ("o4-mini-deep-research", Only::Always),
    ("codex-mini-latest", Only::Always),
    ("computer-use-preview", Only::Always),
    ("gpt-5-pro", Only::Always),
    ("gpt-5.2-pro", Only::Always),
    ("gpt-5.4-pro", Only::Always),
    ("gpt-5.5-pro", Only::Always),
    ("gpt-5-codex", Only::Always),
    ("gpt-5.1-codex", Only::Always),
    ("gpt-5.2-codex", Only::Always),
    ("gpt-5.3-codex", Only::Always),
    ("gpt-5.4", Only::ToolsAndThoughts),
    ("gpt-5.5", Only::ToolsAndThoughts),
    ("gpt-5.6", Only::Tools),
    ("gpt-6", Only::Tools),
];

/// Whether a request is answered by Responses. `has` is what the operator says of the provider.
pub fn answers(request: &Request, model: &str, base: &BaseUrl, has: Option<bool>) -> bool {
    let Canonical::Chat(chat) = &request.canonical else { return false };
    let has = has.unwrap_or_else(|| base.host().is_some_and(|host| HOSTS.contains(&host)));
    let is_native = || request.source.as_ref().is_some_and(|source| source.dialect == Dialect::Responses);
    has && (is_native() || needs(chat, model))
}

fn needs(chat: &ChatRequest, model: &str) -> bool {
    let effort = chat.reasoning_effort.as_ref().map(|effort| effort.0.as_str());
    let is_told = chat.thinking.is_some() || effort.is_some_and(|effort| effort != "none");
    match only(model) {
        Some(Only::Always) => true,
        Some(Only::ToolsAndThoughts) => !chat.tools.is_empty() && is_told,
        Some(Only::Tools) => !chat.tools.is_empty() && effort != Some("none"),
        None => false,
    }
}

fn only(model: &str) -> Option<Only> {
    let model = plain(model);
    // A version or a date may follow, not more of the same word.
    let fits = |name: &str| {
        let rest = model.strip_prefix(name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '.']))
    };
    MODELS.iter().find(|(name, _)| fits(name)).map(|(_, only)| *only)
}

/// Whether a model thinks before it answers, and seals its thoughts.
pub fn is_reasoning(model: &str) -> bool {
    let model = plain(model);
    (limit_field::is_reasoning(model) || model.starts_with("codex-")) && !model.ends_with("-chat-latest")
}

/// Without a vendor's name before it.
fn plain(model: &str) -> &str {
    model.rsplit('/').next().unwrap_or(model)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use hub_domain::vocabulary::{ReasoningEffort, Source, Tool};

    use super::*;

    const OPENAI: &str = "https://api.openai.com/v1";
    const LOCAL: &str = "http://127.0.0.1:9/v1";

    fn request(dialect: Dialect, tools: usize, effort: Option<&str>) -> Request {
        let chat = ChatRequest {
            tools: vec![Tool::default(); tools],
            reasoning_effort: effort.map(|effort| ReasoningEffort(effort.to_owned())),
            ..ChatRequest::default()
        };
        Request { source: Some(Source::of(dialect, Bytes::new())), canonical: Canonical::Chat(chat) }
    }

    fn asked(request: &Request, model: &str, base: &str, has: Option<bool>) -> bool {
        answers(request, model, &BaseUrl::parse(base).unwrap(), has)
    }

    #[test]
    fn clients_of_responses_are_passed_on_where_there_are_responses() {
        let native = request(Dialect::Responses, 0, None);
        assert!(asked(&native, "gpt-4o", OPENAI, None));
        assert!(asked(&native, "grok-4", "https://api.x.ai/v1", None));
        assert!(!asked(&native, "gpt-4o", OPENAI, Some(false)));
        assert!(!asked(&native, "m", LOCAL, None));
        assert!(asked(&native, "m", LOCAL, Some(true)));
        assert!(!asked(&request(Dialect::OpenAi, 0, None), "gpt-4o", OPENAI, None));
    }

    #[test]
    fn some_models_have_nothing_else() {
        for dialect in [Dialect::OpenAi, Dialect::Anthropic, Dialect::Gemini, Dialect::Aigne] {
            let plain = request(dialect, 0, None);
            for model in ["o1-pro", "o3-pro-2025-06-10", "gpt-5-pro", "openai/gpt-5.1-codex-mini"] {
                assert!(asked(&plain, model, OPENAI, None), "{model}");
                assert!(!asked(&plain, model, LOCAL, None), "{model}");
            }
            for model in ["o1", "o3", "gpt-5", "gpt-5-prose", "gpt-6-sol", "gpt-4o"] {
                assert!(!asked(&plain, model, OPENAI, None), "{model}");
            }
        }
    }

    #[test]
    fn newer_models_that_think_have_tools_there_only() {
        let chat = |tools, effort| request(Dialect::OpenAi, tools, effort);
        let asked = |request: Request, model| asked(&request, model, OPENAI, None);
        assert!(asked(chat(1, None), "gpt-5.6-sol") && asked(chat(1, None), "gpt-6.1-terra"));
        assert!(!asked(chat(1, Some("none")), "gpt-5.6") && !asked(chat(0, None), "gpt-5.6"));
        assert!(asked(chat(1, Some("low")), "gpt-5.4-mini"));
        assert!(!asked(chat(1, None), "gpt-5.4") && !asked(chat(1, Some("low")), "gpt-5.2"));
    }

    #[test]
    fn models_that_seal_their_thoughts_are_known() {
        for model in ["o3-pro", "gpt-5.1-codex", "codex-mini-latest", "gpt-6-sol"] {
            assert!(is_reasoning(model), "{model}");
        }
        for model in ["gpt-4o", "gpt-5-chat-latest", "computer-use-preview", "grok-4"] {
            assert!(!is_reasoning(model), "{model}");
        }
    }
}
