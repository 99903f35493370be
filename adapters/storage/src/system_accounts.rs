//! The system's own accounts, as the first migration makes them. Only users' accounts keep a balance;
//! those of the system are derived from transfers, because a row that every settlement changes would be
//! what all of them wait for.

use hub_domain::ids::AccountId;
use uuid::Uuid;

/// Where grants come from.
pub const GRANTS: AccountId = AccountId(Uuid::from_u128(1));
/// Where charges go.
pub const REVENUE: AccountId = AccountId(Uuid::from_u128(2));
/// Pays what providers bill beyond a hold: the operator's cost.
pub const OVERRUN: AccountId = AccountId(Uuid::from_u128(3));
