//! Who is calling.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, KeyId};
use crate::vocabulary::Limits;

/// What a caller may do beyond calling models.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Owner,
    Admin,
    #[default]
    Member,
    Guest,
}

impl Role {
    pub const fn name(self) -> &'static str {
        match self {
            Role::Owner => "owner",
            Role::Admin => "admin",
            Role::Member => "member",
            Role::Guest => "guest",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        [Role::Owner, Role::Admin, Role::Member, Role::Guest].into_iter().find(|role| role.name() == name)
    }
}

/// A known caller: an access key, and the account that pays.
#[derive(Debug, Clone)]
pub struct Principal {
    pub account: AccountId,
    pub account_name: Arc<str>,
    /// The account's DID, where it has one.
    pub did: Option<Arc<str>>,
    pub key: Option<KeyId>,
    pub key_name: Option<Arc<str>>,
    pub role: Role,
    /// The key's own.
    pub limits: Limits,
    /// Those of the account, which all its keys share.
    pub account_limits: Limits,
}

impl Principal {
    /// What JSON calls `userDid`: the DID, else the account's id.
    pub fn user_did(&self) -> String {
        self.did.as_deref().map_or_else(|| self.account.to_string(), str::to_owned)
    }
}
