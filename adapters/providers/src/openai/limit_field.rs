//! Which field carries the output limit. OpenAI's reasoning models refuse `max_tokens`; many servers
//! that are like OpenAI's know nothing else.

use hub_dialects::openai::LimitField;

use crate::base_url::BaseUrl;

/// Where either will do, the encoder keeps to the one that the client used.
pub fn of(base: &BaseUrl, model: &str) -> LimitField {
    if is_reasoning(model) {
        LimitField::OnlyMaxCompletionTokens
    } else if base.is_openai() {
        LimitField::MaxCompletionTokens
    } else {
        LimitField::MaxTokens
    }
}

/// `o1`, `o3-mini`, `gpt-5`, `gpt-5.4-mini`, `gpt-6-sol`, also behind a vendor's name (`openai/o3`).
pub fn is_reasoning(model: &str) -> bool {
    let model = model.rsplit('/').next().unwrap_or(model);
    let generation = |rest: &str| {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        rest[..digits].parse::<u32>().ok()
    };
    let o_series = model.strip_prefix('o').and_then(generation).is_some();
    let gpt = model.strip_prefix("gpt-").and_then(generation).is_some_and(|number| (5..30).contains(&number));
    o_series || gpt
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(base: &str, model: &str) -> LimitField {
        of(&BaseUrl::parse(base).unwrap(), model)
    }

    #[test]
    fn reasoning_models_know_the_newer_field_only() {
        for model in ["o1", "o3-mini", "gpt-5", "gpt-5.4-nano", "openai/gpt-6-sol"] {
            for base in ["https://api.openai.com/v1", "http://127.0.0.1:9/v1"] {
                assert_eq!(field(base, model), LimitField::OnlyMaxCompletionTokens, "{base} {model}");
            }
        }
    }

    #[test]
    fn others_get_the_newer_one_at_openai_and_the_older_one_elsewhere() {
        for model in ["llama3.1", "gpt-4o", "gpt-oss-20b", "gpt-3.5-turbo", "olmo-2", "gpt-35-turbo"] {
            assert_eq!(field("https://api.openai.com/v1", model), LimitField::MaxCompletionTokens, "{model}");
            assert_eq!(field("http://127.0.0.1:9/v1", model), LimitField::MaxTokens, "{model}");
        }
    }
}
