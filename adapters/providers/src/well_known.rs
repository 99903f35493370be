//! Providers that everybody knows: a key in the environment is enough for one, or its name for
//! `providers add`. What sets their APIs apart from OpenAI's stands in `openai::quirks`.

use hub_domain::routing::ProviderKind;

use crate::base_url::BaseUrl;

#[derive(Debug, Clone, Copy)]
pub struct WellKnown {
    pub name: &'static str,
    pub kind: ProviderKind,
    pub base_url: &'static str,
    /// Variables that may hold its key, or several keys; the first that does counts.
    pub key_variables: &'static [&'static str],
    /// The variable that may hold another address.
    pub base_variable: &'static str,
    /// It runs beside the hub, mostly without a key.
    pub is_local: bool,
}

impl WellKnown {
    /// Its address, where that is not the one that its kind has anyway.
    pub fn own_base_url(&self) -> Option<&'static str> {
        Some(self.base_url).filter(|url| crate::default_base_url(self.kind) != Some(url))
    }
}

const fn like_openai(
    name: &'static str,
    base_url: &'static str,
    key_variables: &'static [&'static str],
    base_variable: &'static str,
) -> WellKnown {
    WellKnown { name, kind: ProviderKind::OpenAi, base_url, key_variables, base_variable, is_local: false }
}

const fn local(
    name: &'static str,
    base_url: &'static str,
    key_variables: &'static [&'static str],
    base_variable: &'static str,
) -> WellKnown {
    WellKnown { is_local: true, ..like_openai(name, base_url, key_variables, base_variable) }
}

pub const WELL_KNOWN: &[WellKnown] = &[
    like_openai("openai", crate::openai::BASE_URL, &["OPENAI_API_KEY"], "OPENAI_BASE_URL"),
    WellKnown {
        name: "anthropic",
        kind: ProviderKind::Anthropic,
        base_url: crate::anthropic::BASE_URL,
        key_variables: &["ANTHROPIC_API_KEY"],
        base_variable: "ANTHROPIC_BASE_URL",
        is_local: false,
    },
    WellKnown {
        name: "google",
        kind: ProviderKind::Google,
        base_url: crate::google::BASE_URL,
        key_variables: &["GEMINI_API_KEY", "GOOGLE_API_KEY"],
        base_variable: "GEMINI_BASE_URL",
        is_local: false,
    },
    like_openai("deepseek", "https://api.deepseek.com", &["DEEPSEEK_API_KEY"], "DEEPSEEK_BASE_URL"),
    like_openai("xai", "https://api.x.ai/v1", &["XAI_API_KEY"], "XAI_BASE_URL"),
    like_openai(
        "openrouter",
        "https://openrouter.ai/api/v1",
        &["OPENROUTER_API_KEY", "OPEN_ROUTER_API_KEY"],
        "OPENROUTER_BASE_URL",
    ),
    like_openai("mistral", "https://api.mistral.ai/v1", &["MISTRAL_API_KEY"], "MISTRAL_BASE_URL"),
    like_openai("groq", "https://api.groq.com/openai/v1", &["GROQ_API_KEY"], "GROQ_BASE_URL"),
    like_openai("together", "https://api.together.xyz/v1", &["TOGETHER_API_KEY"], "TOGETHER_BASE_URL"),
    like_openai(
        "doubao",
        "https://ark.cn-beijing.volces.com/api/v3",
        &["ARK_API_KEY", "DOUBAO_API_KEY"],
        "DOUBAO_BASE_URL",
    ),
    like_openai("poe", "https://api.poe.com/v1", &["POE_API_KEY"], "POE_BASE_URL"),
    local("ollama", "http://127.0.0.1:11434/v1", &["OLLAMA_API_KEY"], "OLLAMA_BASE_URL"),
    local("lmstudio", "http://127.0.0.1:1234/v1", &["LM_STUDIO_API_KEY"], "LM_STUDIO_BASE_URL"),
    local("vllm", "http://127.0.0.1:8000/v1", &["VLLM_API_KEY"], "VLLM_BASE_URL"),
];

/// The provider that everybody knows by this name.
pub fn find(name: &str) -> Option<&'static WellKnown> {
    WELL_KNOWN.iter().find(|known| known.name.eq_ignore_ascii_case(name))
}

/// Whether a server at this address may be called without a key: one of one's own, none of those that everybody
/// knows to want one. Without an address it is one of those.
pub fn may_be_keyless(base_url: Option<&str>) -> bool {
    let host = |url: &str| BaseUrl::parse(url).and_then(|base| base.host().map(str::to_owned));
    let Some(own) = base_url.and_then(host) else { return false };
    let mut hosted = WELL_KNOWN.iter().filter(|known| !known.is_local);
    !hosted.any(|known| host(known.base_url).as_deref() == Some(&own))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_has_a_name_variables_and_an_address_of_its_own() {
        let names: HashSet<_> = WELL_KNOWN.iter().map(|known| known.name).collect();
        let variables: HashSet<_> = WELL_KNOWN
            .iter()
            .flat_map(|known| known.key_variables.iter().chain([&known.base_variable]))
            .collect();
        let count: usize = WELL_KNOWN.iter().map(|known| known.key_variables.len() + 1).sum();
        assert_eq!((names.len(), variables.len()), (WELL_KNOWN.len(), count));
        assert!(WELL_KNOWN.iter().all(|known| BaseUrl::parse(known.base_url).is_some()));
        assert_eq!(find("DeepSeek").unwrap().base_url, "https://api.deepseek.com");
        assert!(find("nobody").is_none());
    }

    #[test]
    fn a_server_of_ones_own_needs_no_key_and_one_that_everybody_knows_does() {
        for own in ["http://127.0.0.1:11434/v1", "https://models.example.com/v1"] {
            assert!(may_be_keyless(Some(own)), "{own}");
        }
        for hosted in
            [None, Some("https://api.deepseek.com/v1"), Some("https://API.OPENAI.com"), Some("nothing")]
        {
            assert!(!may_be_keyless(hosted), "{hosted:?}");
        }
    }
}
