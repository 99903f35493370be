//! What each generation of Claude takes of a request that came in another dialect: a table, to be added to as
//! models come. A model that is not in it is taken for one of the newest.

use hub_dialects::anthropic::Generation;

/// Names begin so, the most special first: budget, sampling, output limit.
const GENERATIONS: &[(&str, bool, bool, u64)] = &[
    ("claude-3-haiku", true, true, 4_096),
    ("claude-3-opus", true, true, 4_096),
    ("claude-3-5", true, true, 8_192),
    ("claude-3-7", true, true, 64_000),
    ("claude-opus-4-5", true, true, 64_000),
    ("claude-sonnet-4-5", true, true, 64_000),
    ("claude-haiku-4-5", true, true, 64_000),
    ("claude-opus-4-6", false, true, 128_000),
    ("claude-sonnet-4-6", false, true, 64_000),
    ("claude-opus-4-7", false, false, 128_000),
    ("claude-opus-4-8", false, false, 128_000),
    ("claude-opus-4", true, true, 32_000),
    ("claude-sonnet-4", true, true, 64_000),
];

/// Where nobody knows a limit.
const SAFE_LIMIT: u64 = 4_096;

/// `listed` is the output limit of the catalogue.
pub fn of(model: &str, listed: Option<u64>) -> Generation {
    let model = model.rsplit('/').next().unwrap_or(model);
    let known = GENERATIONS.iter().find(|(prefix, ..)| model.starts_with(prefix));
    let (budget, sampling, limit) =
        known.map_or((false, false, SAFE_LIMIT), |(_, budget, sampling, limit)| (*budget, *sampling, *limit));
    Generation { budget, sampling, max_output_tokens: listed.unwrap_or(limit) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_belongs_to_its_generation() {
        for (model, budget, sampling, limit) in [
            ("claude-3-5-haiku-20241022", true, true, 8_192),
            ("claude-opus-4-1-20250805", true, true, 32_000),
            ("claude-sonnet-4-5", true, true, 64_000),
            ("anthropic/claude-opus-4-6", false, true, 128_000),
            ("claude-opus-5", false, false, 4_096),
        ] {
            let found = of(model, None);
            assert_eq!(
                (found.budget, found.sampling, found.max_output_tokens),
                (budget, sampling, limit),
                "{model}"
            );
        }
        assert_eq!(of("claude-x", Some(9)).max_output_tokens, 9);
    }
}
