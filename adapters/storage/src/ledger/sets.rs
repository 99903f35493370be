//! Statements of PostgreSQL that hold, end and pay many calls at once.

use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text};

use super::columns::columns;
use crate::call_lines::CallLines;
use crate::sql_types::{AsJson, Id, Json, Key};

/// The database's time in milliseconds.
macro_rules! now {
    () => {
        "CAST(floor(extract(epoch FROM clock_timestamp()) * 1000) AS bigint)"
    };
}

/// Locks users' accounts, always in the order of their ids, and tells what they have.
#[derive(QueryId)]
pub struct LockAccounts {
    pub ids: Vec<Key>,
}

impl Query for LockAccounts {
    type SqlType = (Id, BigInt, BigInt, BigInt);
}

impl QueryFragment<Pg> for LockAccounts {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT id, posted, held, overdraft FROM accounts WHERE kind = 'user' AND id = ANY(");
        out.push_bind_param::<Array<Id>, Vec<Key>>(&self.ids)?;
        out.push_sql(") ORDER BY id FOR NO KEY UPDATE");
        Ok(())
    }
}

columns! {
    /// Adds to what accounts have posted and held; one row for each account.
    MoveBalances<'a> { id: Key => Id, posted: i64 => BigInt, held: i64 => BigInt }
}

impl QueryFragment<Pg> for MoveBalances<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("UPDATE accounts AS a SET posted = a.posted + x.posted, held = a.held + x.held FROM ");
        self.unnest(out.reborrow())?;
        out.push_sql(" WHERE a.id = x.id");
        Ok(())
    }
}

columns! {
    /// Calls that are opened.
    OpenCalls<'a> {
        id: Key => Id,
        account_id: Key => Id,
        key_id: Option<Key> => Nullable<Id>,
        app_did: Option<&'a str> => Nullable<Text>,
        provider: &'a str => Text,
        model: &'a str => Text,
        credential_id: Option<Key> => Nullable<Id>,
        call_type: &'a str => Text,
        stream: bool => Bool,
        billing: &'a str => Text,
        rate_id: Option<Key> => Nullable<Id>,
        hold: i64 => BigInt,
        request_id: Option<&'a str> => Nullable<Text>,
        trace_id: Option<&'a str> => Nullable<Text>,
        owner: &'a str => Text,
        owner_epoch: i64 => BigInt,
        time_limit: i64 => BigInt,
    }
}

impl QueryFragment<Pg> for OpenCalls<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(concat!(
            "INSERT INTO model_calls (id, account_id, key_id, app_did, provider, model, credential_id, ",
            "call_type, stream, billing, rate_id, state, hold, request_id, trace_id, owner, owner_epoch, ",
            "accepted_ms, deadline_ms) SELECT id, account_id, key_id, app_did, provider, model, ",
            "credential_id, call_type, stream, billing, rate_id, 'held', hold, request_id, trace_id, owner, ",
            "owner_epoch, ",
            now!(),
            ", time_limit + ",
            now!(),
            " FROM "
        ));
        self.unnest(out)
    }
}

columns! {
    /// Calls that are ended by their owners.
    EndCalls<'a> {
        id: Key => Id,
        account_id: Key => Id,
        owner: &'a str => Text,
        owner_epoch: i64 => BigInt,
        provider: &'a str => Text,
        model: &'a str => Text,
        credential_id: Option<Key> => Nullable<Id>,
        rate_id: Option<Key> => Nullable<Id>,
        state: &'a str => Text,
        outcome: Option<&'a str> => Nullable<Text>,
        reason: Option<&'a str> => Nullable<Text>,
        error: Option<&'a str> => Nullable<Text>,
        finish_reason: Option<&'a str> => Nullable<Text>,
        charge: i64 => BigInt,
        overrun: i64 => BigInt,
        lines: Option<AsJson<CallLines>> => Nullable<Json>,
        duration_ms: Option<i64> => Nullable<BigInt>,
        ttfb_ms: Option<i64> => Nullable<BigInt>,
        provider_ttfb_ms: Option<i64> => Nullable<BigInt>,
        upstream_id: Option<&'a str> => Nullable<Text>,
    }
}

/// The calls that were ended now, with their hold, billing and application.
impl Query for EndCalls<'_> {
    type SqlType = (Id, BigInt, Text, Nullable<Text>);
}

impl QueryFragment<Pg> for EndCalls<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(concat!(
            "UPDATE model_calls AS c SET provider = x.provider, model = x.model, ",
            "credential_id = x.credential_id, rate_id = x.rate_id, state = x.state, outcome = x.outcome, reason = x.reason, ",
            "error = x.error, finish_reason = x.finish_reason, charge = x.charge, overrun = x.overrun, ",
            "lines = x.lines, duration_ms = x.duration_ms, ttfb_ms = x.ttfb_ms, ",
            "provider_ttfb_ms = x.provider_ttfb_ms, upstream_id = x.upstream_id, closed_ms = ",
            now!(),
            " FROM "
        ));
        self.unnest(out.reborrow())?;
        out.push_sql(concat!(
            " WHERE c.id = x.id AND c.state = 'held' AND c.account_id = x.account_id AND c.owner = x.owner ",
            "AND c.owner_epoch = x.owner_epoch RETURNING c.id, c.hold, c.billing, c.app_did"
        ));
        Ok(())
    }
}

columns! {
    /// Transfers of ended calls.
    Transfers<'a> {
        id: Key => Id,
        kind: &'a str => Text,
        debit: Key => Id,
        credit: Key => Id,
        amount: i64 => BigInt,
        call_id: Key => Id,
    }
}

impl QueryFragment<Pg> for Transfers<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(concat!(
            "INSERT INTO transfers (id, kind, debit, credit, amount, call_id, created_ms) ",
            "SELECT id, kind, debit, credit, amount, call_id, ",
            now!(),
            " FROM "
        ));
        self.unnest(out)
    }
}

columns! {
    /// Charges to be reported.
    Events<'a> {
        dedupe_key: Key => Id,
        mode: &'a str => Text,
        account_id: Key => Id,
        app_did: Option<String> => Nullable<Text>,
        amount: i64 => BigInt,
    }
}

impl QueryFragment<Pg> for Events<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(concat!(
            "INSERT INTO outbox (dedupe_key, kind, mode, account_id, app_did, amount, created_ms) ",
            "SELECT dedupe_key, 'meter', mode, account_id, app_did, amount, ",
            now!(),
            " FROM "
        ));
        self.unnest(out)
    }
}
