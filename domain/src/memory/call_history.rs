//! Records of calls, in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::Memory;
use crate::ids::CallId;
use crate::ports::{
    CallFilter, CallHistory, CallPage, CallRecord, ModelUsage, Scope, StorageError, UnixMillis,
};

fn is_visible(record: &CallRecord, scope: Scope) -> bool {
    match scope {
        Scope::All => true,
        Scope::Account(account) => record.account == account,
    }
}

fn matches(record: &CallRecord, filter: &CallFilter) -> bool {
    let contains = |text: &str, part: &str| text.to_lowercase().contains(&part.to_lowercase());
    let found = |sought: &String| {
        contains(&record.model, sought)
            || contains(&record.id.to_string(), sought)
            || record.trace_id.as_deref().is_some_and(|id| contains(id, sought))
            || record.did.as_deref().is_some_and(|did| contains(did, sought))
    };
    filter.from.is_none_or(|from| record.accepted >= from)
        && filter.to.is_none_or(|to| record.accepted <= to)
        && filter.model.as_ref().is_none_or(|model| contains(&record.model, model))
        && filter.provider.as_ref().is_none_or(|provider| record.provider == *provider)
        && filter.status.is_none_or(|status| record.status == status)
        && filter.call_type.is_none_or(|call_type| record.call_type == call_type)
        && filter.app_did.as_ref().is_none_or(|app| record.app_did.as_ref() == Some(app))
        && filter.min_duration_ms.is_none_or(|least| record.timings.duration_ms >= least)
        && filter.search.as_ref().is_none_or(found)
}

fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

fn narrow(count: impl TryInto<usize>) -> usize {
    count.try_into().unwrap_or(usize::MAX)
}

#[async_trait]
impl CallHistory for Memory {
    async fn page(&self, scope: Scope, filter: &CallFilter) -> Result<CallPage, StorageError> {
        let tables = self.tables()?;
        let records = tables.calls.values().rev().map(|row| &row.record);
        let matching: Vec<_> =
            records.filter(|record| is_visible(record, scope) && matches(record, filter)).collect();
        let page = matching.iter().skip(narrow(filter.offset)).take(narrow(filter.limit));
        let records = page.map(|record| (*record).clone().with_own_attempt()).collect();
        Ok(CallPage { total: wide(matching.len()), records })
    }

    async fn find(&self, scope: Scope, id: CallId) -> Result<Option<CallRecord>, StorageError> {
        let tables = self.tables()?;
        let record = tables.calls.get(&id).map(|row| &row.record);
        Ok(record.filter(|record| is_visible(record, scope)).cloned().map(CallRecord::with_own_attempt))
    }

    async fn most_used(
        &self,
        scope: Scope,
        from: UnixMillis,
        to: UnixMillis,
        limit: u32,
    ) -> Result<(Vec<ModelUsage>, u64), StorageError> {
        let tables = self.tables()?;
        let mut calls: BTreeMap<(String, String), u64> = BTreeMap::new();
        for record in tables.calls.values().map(|row| &row.record) {
            if is_visible(record, scope) && record.accepted >= from && record.accepted <= to {
                *calls.entry((record.provider.clone(), record.model.clone())).or_default() += 1;
            }
        }
        let models = wide(calls.len());
        let mut most: Vec<_> = calls
            .into_iter()
            .map(|((provider, model), calls)| ModelUsage { provider, model, calls })
            .collect();
        most.sort_by_key(|usage| std::cmp::Reverse(usage.calls));
        most.truncate(narrow(limit));
        Ok((most, models))
    }
}
