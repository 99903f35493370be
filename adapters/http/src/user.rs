//! `/api/user`: what users see of their own account and calls.

mod account;
mod model_calls;
pub(crate) mod record;
mod usage_stats;

pub(crate) use account::{credit_balance, info};
pub(crate) use model_calls::{is_operator, model_call, model_calls};
pub(crate) use usage_stats::usage_stats;
