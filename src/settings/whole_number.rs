//! Numbers.

use std::borrow::Cow;
use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};

use super::setting::Setting;

/// 1 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Percent(pub u8);

impl Setting for Percent {
    fn accepts() -> Cow<'static, str> {
        "a whole number from 1 to 100".into()
    }

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok().filter(|percent| (1..=100).contains(percent)).map(Self)
    }

    fn show(&self) -> String {
        self.0.to_string()
    }
}

macro_rules! whole {
    ($($number:ty: $from:literal),+) => {$(
        impl Setting for $number {
            fn accepts() -> Cow<'static, str> {
                format!("a whole number from {} to {}", $from, <$number>::MAX).into()
            }

            fn parse(text: &str) -> Option<Self> {
                text.parse().ok()
            }

            fn show(&self) -> String {
                self.to_string()
            }
        }
    )+};
}

whole!(usize: 0, u64: 0, NonZeroU32: 1, NonZeroU64: 1, NonZeroUsize: 1);
