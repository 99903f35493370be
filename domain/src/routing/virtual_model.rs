//! Virtual models: a name of the operator's own for several provider models, of which each call takes one.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::UpstreamClass;
use crate::ports::ProviderTimeouts;

/// A virtual model may have so many targets.
pub const MAX_TARGETS: usize = 16;
/// The highest weight of a target, or of a credential.
pub const MAX_WEIGHT: u32 = 1_000_000;

/// Which target a call tries first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// The first one that is well.
    #[default]
    Ordered,
    /// Each in proportion to its weight.
    Weighted,
}

impl Strategy {
    pub const ALL: [Self; 2] = [Self::Ordered, Self::Weighted];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Ordered => "ordered",
            Self::Weighted => "weighted",
        }
    }
}

/// After which failures a call moves on to the next target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Fallback {
    /// The upstream failed, refused the hub, or is left alone because it did.
    pub errors: bool,
    pub timeouts: bool,
    /// The request is too long for the model.
    pub context_length: bool,
}

impl Fallback {
    pub const ALL: Self = Self { errors: true, timeouts: true, context_length: true };
    pub const NONE: Self = Self { errors: false, timeouts: false, context_length: false };

    /// The words for its parts, as settings and commands have them.
    pub const WORDS: [&'static str; 3] = ["errors", "timeouts", "context_length"];

    pub const fn covers(self, class: UpstreamClass) -> bool {
        match class {
            UpstreamClass::Timeout => self.timeouts,
            UpstreamClass::ContextTooLong => self.context_length,
            // The request would be as wrong elsewhere.
            UpstreamClass::InvalidRequest | UpstreamClass::ContentFiltered => false,
            UpstreamClass::Authentication
            | UpstreamClass::Permission
            | UpstreamClass::Quota
            | UpstreamClass::RateLimited
            | UpstreamClass::Overloaded
            | UpstreamClass::Server
            | UpstreamClass::ModelNotFound
            | UpstreamClass::BadAnswer
            | UpstreamClass::Transport => self.errors,
        }
    }

    /// The words that apply.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        let set = [self.errors, self.timeouts, self.context_length];
        Self::WORDS.into_iter().zip(set).filter(|(_, is_set)| *is_set).map(|(word, _)| word)
    }

    /// `None` when a word is unknown. `none` stands for no word.
    pub fn from_words<'a>(words: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let mut fallback = Self::NONE;
        for word in words {
            match word {
                "errors" => fallback.errors = true,
                "timeouts" => fallback.timeouts = true,
                "context_length" => fallback.context_length = true,
                "none" => {}
                _ => return None,
            }
        }
        Some(fallback)
    }
}

/// How long a target may take, beside what its provider may.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct TargetTimeouts {
    /// To the head of the answer.
    pub first_byte: Option<Duration>,
    /// To the first content of the answer.
    pub first_content: Option<Duration>,
    /// Between two pieces of a stream.
    pub idle: Option<Duration>,
    /// One try as a whole.
    pub total: Option<Duration>,
}

impl TargetTimeouts {
    /// The provider's own, where the target has none.
    pub fn over(&self, provider: ProviderTimeouts) -> ProviderTimeouts {
        ProviderTimeouts {
            first_byte: self.first_byte.unwrap_or(provider.first_byte),
            idle: self.idle.unwrap_or(provider.idle),
            ..provider
        }
    }
}

/// One of the models that a virtual model stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// `provider/model`.
    pub model: String,
    /// Its share where the strategy is [`Strategy::Weighted`]; 0 stands by.
    pub weight: u32,
    #[serde(default)]
    pub timeouts: TargetTimeouts,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VirtualModel {
    pub name: Arc<str>,
    pub strategy: Strategy,
    /// In the order in which they are tried.
    pub targets: Vec<Target>,
    pub fallback: Fallback,
    /// Unix seconds, for model lists.
    pub created: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_to_the_next_target_can_be_chosen() {
        let only = |word| Fallback::from_words([word]).unwrap();
        assert!(only("timeouts").covers(UpstreamClass::Timeout));
        assert!(!only("timeouts").covers(UpstreamClass::Server));
        assert!(only("errors").covers(UpstreamClass::Server));
        assert!(!only("errors").covers(UpstreamClass::ContextTooLong));
        assert!(only("context_length").covers(UpstreamClass::ContextTooLong));
        for class in [UpstreamClass::InvalidRequest, UpstreamClass::ContentFiltered] {
            assert!(!Fallback::ALL.covers(class), "{class:?}");
        }
        assert_eq!(Fallback::from_words(["none"]), Some(Fallback::NONE));
        assert_eq!(Fallback::from_words(["sometimes"]), None);
        assert_eq!(Fallback::from_words(Fallback::ALL.words()), Some(Fallback::ALL));
    }
}
