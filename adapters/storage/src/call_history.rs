//! [`CallHistory`]: records of calls, newest first. Every question of an owner is answered along the index
//! (account, id), and one for a time only in the range of ids that were made around it.

mod record;
mod within;

use async_trait::async_trait;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use diesel_async::RunQueryDsl;
use hub_domain::ids::CallId;
use hub_domain::ports::{
    CallFilter, CallHistory, CallPage, CallRecord, CallStatus, ModelUsage, Scope, StorageError, UnixMillis,
};

use self::record::{AttemptRow, CallRow, Row};
use self::within::ids_within;
use crate::Store;
use crate::connection::{Connection, on_backend};
use crate::schema::{accounts, call_attempts, model_calls, rates};
use crate::sql_types::{Key, Millis};

/// A page is never longer.
const LONGEST_PAGE: u32 = 100;

diesel::define_sql_function! {
    fn lower(text: Nullable<Text>) -> Nullable<Text>;
}

/// Calls beside their accounts and rates.
macro_rules! calls {
    () => {
        model_calls::table
            .inner_join(accounts::table.on(accounts::id.eq(model_calls::account_id)))
            .left_join(rates::table.on(model_calls::rate_id.eq(rates::id.nullable())))
    };
}

/// The columns of [`Row`].
macro_rules! columns {
    () => {
        (CallRow::as_select(), accounts::name, accounts::did, rates::version.nullable())
    };
}

/// Those of [`calls`] that are wanted.
macro_rules! wanted {
    ($scope:expr, $filter:expr, $id_text:expr) => {{
        let (first, last) = ids_within($filter.from, $filter.to);
        let mut calls = calls!().filter(model_calls::id.between(first, last)).into_boxed();
        if let Scope::Account(account) = $scope {
            calls = calls.filter(model_calls::account_id.eq(Key::from(account)));
        }
        if let Some(from) = $filter.from {
            calls = calls.filter(model_calls::accepted_ms.ge(Millis::from(from)));
        }
        if let Some(to) = $filter.to {
            calls = calls.filter(model_calls::accepted_ms.le(Millis::from(to)));
        }
        if let Some(part) = &$filter.model {
            calls = calls.filter(lower(model_calls::model.nullable()).like(containing(part)).escape(ESCAPE));
        }
        if let Some(provider) = &$filter.provider {
            calls = calls.filter(model_calls::provider.eq(provider));
        }
        match $filter.status {
            None => {}
            Some(CallStatus::Processing) => calls = calls.filter(model_calls::outcome.is_null()),
            Some(ended) => calls = calls.filter(model_calls::outcome.eq(ended.name())),
        }
        if let Some(call_type) = $filter.call_type {
            calls = calls.filter(model_calls::call_type.eq(call_type.name()));
        }
        if let Some(app) = &$filter.app_did {
            calls = calls.filter(model_calls::app_did.eq(app));
        }
        if let Some(least) = $filter.min_duration_ms.filter(|least| *least > 0) {
            let least = i64::try_from(least).unwrap_or(i64::MAX);
            calls = calls.filter(model_calls::duration_ms.ge(least));
        }
        if let Some(sought) = &$filter.search {
            let id = sought.parse().ok().map(|id: CallId| Key::from(id));
            let pattern = containing(sought);
            calls = calls.filter(
                lower(model_calls::model.nullable())
                    .like(pattern.clone())
                    .escape(ESCAPE)
                    .or(lower(model_calls::trace_id).like(pattern.clone()).escape(ESCAPE))
                    .or(lower(accounts::did).like(pattern.clone()).escape(ESCAPE))
                    .or(sql::<Nullable<Text>>($id_text).like(pattern).escape(ESCAPE))
                    .or(model_calls::id.nullable().eq(id)),
            );
        }
        calls
    }};
}

const ESCAPE: char = '\\';

/// A pattern for texts that have this part, whatever their case. What is sought is a text: `%` is a
/// percent sign.
fn containing(part: &str) -> String {
    let mut pattern = String::from("%");
    for character in part.chars().flat_map(char::to_lowercase) {
        if matches!(character, '%' | '_' | ESCAPE) {
            pattern.push(ESCAPE);
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

/// A call's id as the outside knows it.
fn id_text(conn: &Connection) -> &'static str {
    match conn {
        Connection::Sqlite(_) => {
            "lower(printf('%s-%s-%s-%s-%s', substr(hex(model_calls.id), 1, 8), substr(hex(model_calls.id), 9, 4),
                substr(hex(model_calls.id), 13, 4), substr(hex(model_calls.id), 17, 4), substr(hex(model_calls.id), 21)))"
        }
        Connection::Postgres(_) => "CAST(model_calls.id AS text)",
    }
}

async fn page(conn: &mut Connection, (scope, filter): &(Scope, CallFilter)) -> QueryResult<CallPage> {
    if asks_for_nul(filter) {
        return Ok(CallPage { total: 0, records: Vec::new() });
    }
    let id_text = id_text(conn);
    let total: i64 = on_backend!(conn, c => {
        wanted!(*scope, filter, id_text).count().get_result(c).await
    })?;
    let limit = i64::from(filter.limit.min(LONGEST_PAGE));
    let offset = i64::try_from(filter.offset).unwrap_or(i64::MAX);
    let rows: Vec<Row> = on_backend!(conn, c => {
        wanted!(*scope, filter, id_text)
            .order(model_calls::id.desc())
            .limit(limit)
            .offset(offset)
            .select(columns!())
            .load(c)
            .await
    })?;
    Ok(CallPage { total: count(total), records: records(conn, rows).await? })
}

/// No text that is kept has a NUL, and PostgreSQL can't even be asked for one.
fn asks_for_nul(filter: &CallFilter) -> bool {
    let CallFilter { model, provider, app_did, search, .. } = filter;
    [model, provider, app_did, search].into_iter().flatten().any(|text| text.contains('\0'))
}

async fn find(conn: &mut Connection, (scope, id): &(Scope, CallId)) -> QueryResult<Option<CallRecord>> {
    let row: Option<Row> = on_backend!(conn, c => {
        calls!().filter(model_calls::id.eq(Key::from(*id))).select(columns!()).first(c).await.optional()
    })?;
    let row = row.filter(|(call, ..)| match scope {
        Scope::All => true,
        Scope::Account(account) => call.account_id == Key::from(*account),
    });
    Ok(records(conn, Vec::from_iter(row)).await?.pop())
}

/// Rows with their tries.
async fn records(conn: &mut Connection, rows: Vec<Row>) -> QueryResult<Vec<CallRecord>> {
    let ids: Vec<Key> = rows.iter().map(|(call, ..)| call.id).collect();
    let attempts: Vec<AttemptRow> = on_backend!(conn, c => {
        call_attempts::table
            .filter(call_attempts::call_id.eq_any(ids))
            .order((call_attempts::call_id, call_attempts::number))
            .select(AttemptRow::as_select())
            .load(c)
            .await
    })?;
    let records = rows.into_iter().map(|row| {
        let id = row.0.id;
        record::record(row, attempts.iter().filter(|attempt| attempt.call_id == id))
    });
    records.collect()
}

type Times = (Scope, UnixMillis, UnixMillis, u32);

async fn most_used(
    conn: &mut Connection,
    (scope, from, to, limit): &Times,
) -> QueryResult<(Vec<ModelUsage>, u64)> {
    type Row = (String, String, i64, i64);
    let (first, last) = ids_within(Some(*from), Some(*to));
    let account = match scope {
        Scope::All => None,
        Scope::Account(account) => Some(*account),
    };
    let rows: Vec<Row> = on_backend!(conn, c => {
        let mut calls = model_calls::table
            .filter(model_calls::id.between(first, last))
            .filter(model_calls::accepted_ms.between(Millis::from(*from), Millis::from(*to)))
            .group_by((model_calls::provider, model_calls::model))
            // Windows are made after groups: this counts groups.
            .select((
                model_calls::provider,
                model_calls::model,
                sql::<BigInt>("count(*) AS calls"),
                sql::<BigInt>("count(*) OVER ()"),
            ))
            .into_boxed();
        if let Some(account) = account {
            calls = calls.filter(model_calls::account_id.eq(Key::from(account)));
        }
        calls
            .order((sql::<Bool>("calls DESC"), model_calls::provider, model_calls::model))
            .limit(i64::from((*limit).max(1)))
            .load(c)
            .await
    })?;
    let models = rows.as_slice().first().map_or(0, |(.., models)| count(*models));
    let usage = |(provider, model, calls, _)| ModelUsage { provider, model, calls: count(calls) };
    let most = rows.into_iter().take(usize::try_from(*limit).unwrap_or(usize::MAX)).map(usage);
    Ok((most.collect(), models))
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

#[async_trait]
impl CallHistory for Store {
    async fn page(&self, scope: Scope, filter: &CallFilter) -> Result<CallPage, StorageError> {
        self.read((scope, filter.clone()), page).await
    }

    async fn find(&self, scope: Scope, id: CallId) -> Result<Option<CallRecord>, StorageError> {
        self.read((scope, id), find).await
    }

    async fn most_used(
        &self,
        scope: Scope,
        from: UnixMillis,
        to: UnixMillis,
        limit: u32,
    ) -> Result<(Vec<ModelUsage>, u64), StorageError> {
        self.read((scope, from, to, limit), most_used).await
    }
}
