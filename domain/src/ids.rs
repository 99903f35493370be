//! Identifiers. All are UUIDv7, hence ordered by the time of their making; outside they are opaque
//! strings.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new identifier, later than those made before.
            #[allow(clippy::new_without_default)]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::try_parse(text).map(Self)
            }
        }
    };
}

id!(
    /// One ModelCall: one request of a client.
    CallId
);
id!(
    /// Who pays: a user's account, or one of the system's.
    AccountId
);
id!(
    /// An access key.
    KeyId
);
id!(
    /// A configured provider.
    ProviderId
);
id!(
    /// A credential of a provider.
    CredentialId
);
id!(
    /// One version of a price list; a call remembers the one that it was quoted with.
    RateId
);
id!(
    /// One transfer between two accounts.
    TransferId
);

impl CallId {
    /// Milliseconds since the Unix epoch at which the id was made.
    pub fn unix_millis(self) -> u64 {
        let bytes = self.0.as_bytes();
        bytes[..6].iter().fold(0, |millis, byte| millis << 8 | u64::from(*byte))
    }
}

/// A life of one process: the instance and a number that grows with each start.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct InstanceEpoch {
    pub instance: std::sync::Arc<str>,
    pub epoch: i64,
}
