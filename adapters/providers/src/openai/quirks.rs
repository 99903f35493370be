//! Where an API that is like OpenAI's is not: a table by address, so that a quirk belongs to whoever speaks
//! there, however the provider was named.

use hub_dialects::openai::Quirks;

use crate::base_url::BaseUrl;

/// Hosts, and what is different there.
const QUIRKS: &[(&str, Quirks)] = &[
    // Refuses members that it does not know; <https://docs.mistral.ai/api>.
    ("api.mistral.ai", Quirks { stream_options: false, seed_field: "random_seed", short_call_ids: true }),
];

pub fn of(base: &BaseUrl) -> Quirks {
    let found = QUIRKS.iter().find(|(host, _)| base.host() == Some(host));
    found.map_or_else(Quirks::default, |(_, quirks)| *quirks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_tells_its_quirks() {
        let quirks = |base: &str| of(&BaseUrl::parse(base).unwrap());
        assert!(!quirks("https://api.mistral.ai/v1").stream_options);
        assert_eq!(quirks("https://api.openai.com/v1"), Quirks::default());
        assert_eq!(quirks("https://api.mistral.ai.evil.test/v1"), Quirks::default());
    }
}
