//! Limits as columns, of keys and of accounts alike: nothing for the hub's own, 0 for none.

use hub_domain::ports::StorageError;
use hub_domain::vocabulary::{Limits, PerMinute};

/// Calls at once, requests and tokens for each minute.
pub type LimitColumns = (Option<i32>, Option<i64>, Option<i64>);

pub fn read((calls, requests, tokens): LimitColumns) -> Limits {
    // What a later version wrote and this one can't read is as if it were not there.
    let number = |column: Option<i64>| column.and_then(|number| u64::try_from(number).ok());
    Limits {
        concurrent_calls: calls.and_then(|calls| u32::try_from(calls).ok()),
        requests_per_minute: PerMinute::from_number(number(requests)),
        tokens_per_minute: PerMinute::from_number(number(tokens)),
    }
}

pub fn write(limits: Limits) -> Result<LimitColumns, StorageError> {
    let too_high = |_| StorageError::broken("a limit is too high");
    let number = |limit: PerMinute| limit.number().map(i64::try_from).transpose().map_err(too_high);
    Ok((
        limits.concurrent_calls.map(i32::try_from).transpose().map_err(too_high)?,
        number(limits.requests_per_minute)?,
        number(limits.tokens_per_minute)?,
    ))
}
