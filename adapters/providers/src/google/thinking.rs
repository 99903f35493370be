//! How each generation of Gemini is told how hard to think: a table, to be added to as models come.

use hub_dialects::gemini::ThinkingControl::{self, Budget, Level};

/// Names begin so, the most special first.
const GENERATIONS: &[(&str, ThinkingControl)] = &[
    ("gemini-2.5-flash-lite", Budget { min: 512, max: 24_576 }),
    ("gemini-2.5-flash", Budget { min: 0, max: 24_576 }),
    ("gemini-2.5-pro", Budget { min: 128, max: 32_768 }),
    ("gemini-3", Level),
];

pub fn of(model: &str) -> ThinkingControl {
    let known = GENERATIONS.iter().find(|(prefix, _)| model.starts_with(prefix));
    known.map_or(ThinkingControl::None, |(_, control)| *control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_belongs_to_its_generation() {
        assert_eq!(of("gemini-2.5-flash-lite-001"), Budget { min: 512, max: 24_576 });
        assert_eq!(of("gemini-2.5-flash"), Budget { min: 0, max: 24_576 });
        assert_eq!(of("gemini-3.1-pro-preview"), Level);
        assert_eq!(of("gemini-2.0-flash"), ThinkingControl::None);
    }
}
