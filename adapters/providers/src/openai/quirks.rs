//! Where an API that is like OpenAI's is not: a table, so that the one client obeys it. A quirk belongs to an address,
//! however the provider was named; behind another address (a proxy) the provider's name tells.

use hub_dialects::openai::{LimitField, Quirks, ThinkingBack};

use super::limit_field::is_reasoning;
use crate::base_url::BaseUrl;

/// What is different at a provider.
struct Profile {
    /// `name`, or `name-` and anything.
    name: &'static str,
    /// Its hosts end so.
    host: &'static str,
    /// The field of the output limit, where it is the same for all models.
    limit_field: Option<LimitField>,
    /// Members that its models with these beginnings refuse, because they think before they answer.
    thinking_models: &'static [&'static str],
    quirks: Quirks,
}

/// Servers that are only like OpenAI mostly know the role `system` only.
const LIKE: Quirks = Quirks { developer_role: false, ..Quirks::NONE };

const fn profile(name: &'static str, host: &'static str, quirks: Quirks) -> Profile {
    Profile { name, host, limit_field: None, thinking_models: &[], quirks }
}

const PROFILES: &[Profile] = &[
    // Its models that think take temperature and the like at their defaults only.
    Profile {
        thinking_models: &["o1", "o3", "o4", "gpt-5", "gpt-6"],
        ..profile(
            "openai",
            "api.openai.com",
            Quirks {
                thinking_back: ThinkingBack::Never,
                refused_by_reasoning: &[
                    "temperature",
                    "top_p",
                    "presence_penalty",
                    "frequency_penalty",
                    "logit_bias",
                ],
                ..Quirks::NONE
            },
        )
    },
    // <https://api-docs.deepseek.com/guides/thinking_mode>, /guides/json_mode
    Profile {
        limit_field: Some(LimitField::OnlyMaxTokens),
        ..profile(
            "deepseek",
            "api.deepseek.com",
            Quirks {
                thinking_back: ThinkingBack::WithCalls("reasoning_content"),
                json_schema: false,
                bare_tools: false,
                ..LIKE
            },
        )
    },
    // <https://docs.x.ai/docs/guides/reasoning>
    Profile {
        thinking_models: &["grok-3-mini", "grok-4"],
        ..profile(
            "xai",
            "api.x.ai",
            Quirks { refused_by_reasoning: &["presence_penalty", "frequency_penalty"], ..LIKE },
        )
    },
    // <https://openrouter.ai/docs/use-cases/reasoning-tokens>
    profile("openrouter", "openrouter.ai", Quirks { thinking_back: ThinkingBack::In("reasoning"), ..LIKE }),
    // Refuses members that it does not know; <https://docs.mistral.ai/api>.
    Profile {
        limit_field: Some(LimitField::OnlyMaxTokens),
        ..profile(
            "mistral",
            "api.mistral.ai",
            Quirks {
                stream_options: false,
                seed_field: "random_seed",
                short_call_ids: true,
                thinking_back: ThinkingBack::Never,
                refused: &["user", "metadata", "store", "service_tier", "safety_identifier", "verbosity"],
                ..LIKE
            },
        )
    },
    // <https://console.groq.com/docs/reasoning>
    profile("groq", "api.groq.com", Quirks { thinking_back: ThinkingBack::In("reasoning"), ..LIKE }),
    profile("together", "api.together.xyz", Quirks { thinking_back: ThinkingBack::In("reasoning"), ..LIKE }),
    // Its `max_tokens` leaves reasoning out, which is billed all the same.
    Profile {
        limit_field: Some(LimitField::OnlyMaxCompletionTokens),
        ..profile("doubao", "volces.com", LIKE)
    },
    profile("poe", "api.poe.com", Quirks { thinking_back: ThinkingBack::Never, ..LIKE }),
    profile("vllm", "", Quirks { thinking_back: ThinkingBack::In("reasoning"), ..LIKE }),
    profile("ollama", "ollama.com", Quirks { thinking_back: ThinkingBack::In("reasoning"), ..LIKE }),
    profile("lmstudio", "", LIKE),
];

fn find(base: &BaseUrl, provider: &str) -> Option<&'static Profile> {
    let host = base.host().unwrap_or_default();
    let is_host = |of: &str| {
        !of.is_empty() && host.strip_suffix(of).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    let is_name = |of: &str| {
        let begins = provider.get(..of.len()).is_some_and(|first| first.eq_ignore_ascii_case(of));
        begins && matches!(provider.as_bytes().get(of.len()), None | Some(b'-'))
    };
    let by_host = PROFILES.iter().find(|profile| is_host(profile.host));
    // Whoever bears OpenAI's name elsewhere need not be as strict.
    by_host.or_else(|| PROFILES.iter().find(|profile| profile.name != "openai" && is_name(profile.name)))
}

pub fn of(base: &BaseUrl, provider: &str, model: &str) -> Quirks {
    let Some(profile) = find(base, provider) else { return LIKE };
    let model = model.rsplit('/').next().unwrap_or(model);
    let thinks = profile.thinking_models.iter().any(|beginning| model.starts_with(beginning))
        && !model.contains("non-reasoning")
        && (profile.name != "openai" || is_reasoning(model) && !model.ends_with("chat-latest"));
    let refused_by_reasoning = if thinks { profile.quirks.refused_by_reasoning } else { &[] };
    Quirks { refused_by_reasoning, ..profile.quirks }
}

/// The field of the output limit, where the provider has its own mind about it.
pub fn limit_field(base: &BaseUrl, provider: &str) -> Option<LimitField> {
    find(base, provider).and_then(|profile| profile.limit_field)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::well_known::WELL_KNOWN;

    fn quirks(base: &str, provider: &str, model: &str) -> Quirks {
        of(&BaseUrl::parse(base).unwrap(), provider, model)
    }

    #[test]
    fn a_host_tells_its_quirks_whatever_the_provider_is_called() {
        assert!(!quirks("https://api.mistral.ai/v1", "mine", "m").stream_options);
        assert!(!quirks("https://ark.ap-southeast.volces.com/api/v3", "mine", "m").developer_role);
        assert_eq!(quirks("https://api.mistral.ai.evil.test/v1", "mine", "m"), LIKE);
        assert_eq!(quirks("https://evilapi.mistral.ai/v1", "mine", "m"), LIKE);
    }

    #[test]
    fn behind_another_address_the_name_tells() {
        for name in ["mistral", "Mistral", "mistral-eu"] {
            assert_eq!(quirks("http://127.0.0.1:9/v1", name, "m").seed_field, "random_seed", "{name}");
        }
        for name in ["mistralx", "mine", "openai", "é"] {
            assert_eq!(quirks("http://127.0.0.1:9/v1", name, "o3"), LIKE, "{name}");
        }
        let deepseek = quirks("https://api.deepseek.com", "mistral", "m");
        assert_eq!((deepseek.seed_field, deepseek.json_schema), ("seed", false), "the address goes first");
    }

    #[test]
    fn only_models_that_think_refuse_to_be_sampled_otherwise() {
        for (base, model, refuses) in [
            ("https://api.openai.com/v1", "o3", true),
            ("https://api.openai.com/v1", "gpt-5-mini", true),
            ("https://api.openai.com/v1", "gpt-5-chat-latest", false),
            ("https://api.openai.com/v1", "gpt-4o", false),
            ("https://api.x.ai/v1", "grok-4.7", true),
            ("https://api.x.ai/v1", "grok-3", false),
            ("https://api.x.ai/v1", "grok-4.20-0309-non-reasoning", false),
        ] {
            assert_eq!(!quirks(base, "x", model).refused_by_reasoning.is_empty(), refuses, "{model}");
        }
    }

    #[test]
    fn the_limit_that_ark_and_its_like_obey_bounds_what_is_billed() {
        let field = |name| limit_field(&BaseUrl::parse("http://127.0.0.1:9/v1").unwrap(), name);
        assert_eq!(field("doubao"), Some(LimitField::OnlyMaxCompletionTokens));
        assert_eq!(field("deepseek"), Some(LimitField::OnlyMaxTokens));
        assert_eq!(field("groq"), None);
    }

    #[test]
    fn every_well_known_provider_that_is_like_openai_has_a_profile() {
        for known in WELL_KNOWN.iter().filter(|known| known.kind == hub_domain::routing::ProviderKind::OpenAi)
        {
            let base = BaseUrl::parse(known.base_url).unwrap();
            assert_eq!(find(&base, known.name).map(|profile| profile.name), Some(known.name));
        }
    }
}
