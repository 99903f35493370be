//! Settings that are one of a few words.

use std::borrow::Cow;

use hub_domain::call::OnDisconnect;
use hub_domain::ending::OnUpstreamFailure;
use hub_domain::ports::BillingMode;
use hub_domain::routing::{ProviderKind, Strategy};

use super::Durability;
use super::setting::Setting;
use crate::telemetry::LogFormat;

macro_rules! choice {
    ($choice:ty: $($word:literal = $value:expr),+) => {
        impl Setting for $choice {
            fn accepts() -> Cow<'static, str> {
                let words = [$(concat!("`", $word, "`")),+];
                words.join(" or ").into()
            }

            fn parse(text: &str) -> Option<Self> {
                [$(($word, $value)),+].into_iter().find(|(word, _)| *word == text).map(|(_, value)| value)
            }

            fn show(&self) -> String {
                let all = [$(($word, $value)),+];
                all.iter().find(|(_, value)| value == self).map_or("", |(word, _)| word).to_owned()
            }
        }
    };
}

choice!(bool: "true" = true, "false" = false);
choice!(BillingMode: "ledger" = BillingMode::Ledger, "payment-kit" = BillingMode::PaymentKit, "off" = BillingMode::Off);
choice!(OnUpstreamFailure: "delivered" = OnUpstreamFailure::Delivered, "free" = OnUpstreamFailure::Free);
choice!(OnDisconnect: "cancel" = OnDisconnect::Cancel, "drain" = OnDisconnect::Drain);
choice!(ProviderKind: "openai" = ProviderKind::OpenAi, "anthropic" = ProviderKind::Anthropic, "google" = ProviderKind::Google, "simulated" = ProviderKind::Simulated);
choice!(Strategy: "ordered" = Strategy::Ordered, "weighted" = Strategy::Weighted);
choice!(LogFormat: "pretty" = LogFormat::Pretty, "json" = LogFormat::Json);
choice!(Durability: "normal" = Durability::Normal, "full" = Durability::Full);
