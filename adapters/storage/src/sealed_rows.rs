//! [`SealedRows`]: providers' keys and kept answers, as the sealed texts that they are.

use async_trait::async_trait;
use diesel::dsl::{count_star, sql};
use diesel::prelude::*;
use diesel::sql_types::{Binary, Integer};
use diesel_async::RunQueryDsl;
use hub_domain::ports::{SealedCount, SealedKind, SealedPlace, SealedRows, StorageError};
use uuid::Uuid;

use crate::Store;
use crate::connection::{Connection, on_backend};
use crate::failure::{Failure, Step};
use crate::schema::{credentials, idempotency_keys, providers, settings};
use crate::settings_version;
use crate::sql_types::Key;

/// Beside the version of all settings.
const SEALING_KEY: &str = "sealing_key";

diesel::define_sql_function! {
    /// Bytes from a place on, which is counted from 1.
    fn substr(bytes: Binary, from: Integer, length: Integer) -> Binary;
}

type Text = (SealedPlace, Vec<u8>);

/// The answers that are kept.
macro_rules! answers {
    () => {
        idempotency_keys::table.filter(idempotency_keys::answer.is_not_null())
    };
}

/// Their text, which is there.
macro_rules! answer {
    () => {
        idempotency_keys::answer.assume_not_null()
    };
}

async fn counts(conn: &mut Connection, length: &u8) -> QueryResult<Vec<SealedCount>> {
    type Row = (Vec<u8>, i64);
    // Written out: PostgreSQL takes two parameters for two expressions, though they are equal.
    let head = |column: &str| sql::<Binary>(&format!("substr({column}, 1, {length})"));
    let credentials: Vec<Row> = on_backend!(&mut *conn, c => {
        credentials::table
            .group_by(head("sealed"))
            .select((head("sealed"), count_star()))
            .load(c)
            .await
    })?;
    let answers: Vec<Row> = on_backend!(conn, c => {
        answers!().group_by(head("answer")).select((head("answer"), count_star())).load(c).await
    })?;
    let counts = |what, rows: Vec<Row>| {
        let count = move |(head, rows): Row| SealedCount { what, head, rows: rows.unsigned_abs() };
        rows.into_iter().map(count)
    };
    let all = counts(SealedKind::Credential, credentials).chain(counts(SealedKind::Answer, answers));
    Ok(all.collect())
}

struct Page {
    head: Vec<u8>,
    /// The last credential that was seen; none once all were.
    credential: Option<Key>,
    call: Key,
    limit: i64,
}

impl Page {
    fn of(head: &[u8], after: Option<&SealedPlace>, limit: u16) -> Self {
        let first = Key(Uuid::nil());
        let (credential, call) = match after {
            None => (Some(first), first),
            Some(SealedPlace::Credential { credential, .. }) => (Some(Key::from(*credential)), first),
            Some(SealedPlace::Answer(call)) => (None, Key::from(*call)),
        };
        Self { head: head.to_vec(), credential, call, limit: limit.into() }
    }
}

async fn other_than(conn: &mut Connection, page: &Page) -> QueryResult<Vec<Text>> {
    let length = i32::try_from(page.head.len()).unwrap_or(i32::MAX);
    if let Some(last) = page.credential {
        type Row = (Key, Key, Option<String>, Vec<u8>);
        let rows: Vec<Row> = on_backend!(&mut *conn, c => {
            credentials::table
                .inner_join(providers::table.on(providers::id.eq(credentials::provider_id)))
                .filter(credentials::id.gt(last))
                .filter(substr(credentials::sealed, 1, length).ne(&page.head))
                .order(credentials::id)
                .limit(page.limit)
                .select((credentials::provider_id, credentials::id, providers::base_url, credentials::sealed))
                .load(c)
                .await
        })?;
        if !rows.is_empty() {
            let text = |(provider, credential, base_url, sealed): Row| {
                let (provider, credential) = (provider.into(), credential.into());
                (SealedPlace::Credential { provider, credential, base_url }, sealed)
            };
            return Ok(rows.into_iter().map(text).collect());
        }
    }
    let rows: Vec<(Key, Vec<u8>)> = on_backend!(conn, c => {
        answers!()
            .filter(idempotency_keys::call_id.gt(page.call))
            .filter(substr(answer!(), 1, length).ne(&page.head))
            .order(idempotency_keys::call_id)
            .limit(page.limit)
            .select((idempotency_keys::call_id, answer!()))
            .load(c)
            .await
    })?;
    Ok(rows.into_iter().map(|(call, sealed)| (SealedPlace::Answer(call.into()), sealed)).collect())
}

struct Change {
    place: SealedPlace,
    before: Vec<u8>,
    now: Option<Vec<u8>>,
}

async fn change(conn: &mut Connection, change: &Change) -> Step<bool> {
    let Change { place, before, now } = change;
    let changed = match (place, now) {
        (SealedPlace::Credential { credential, .. }, Some(now)) => on_backend!(conn, c => {
            diesel::update(credentials::table.find(Key::from(*credential)))
                .filter(credentials::sealed.eq(before))
                .set(credentials::sealed.eq(now))
                .execute(c)
                .await
        })?,
        (SealedPlace::Credential { credential, .. }, None) => {
            settings_version::raise(conn).await?;
            on_backend!(conn, c => {
                diesel::delete(credentials::table.find(Key::from(*credential)))
                    .filter(credentials::sealed.eq(before))
                    .execute(c)
                    .await
            })?
        }
        (SealedPlace::Answer(call), Some(now)) => on_backend!(conn, c => {
            diesel::update(idempotency_keys::table.filter(idempotency_keys::call_id.eq(Key::from(*call))))
                .filter(idempotency_keys::answer.eq(before))
                .set(idempotency_keys::answer.eq(now))
                .execute(c)
                .await
        })?,
        (SealedPlace::Answer(call), None) => on_backend!(conn, c => {
            diesel::update(idempotency_keys::table.filter(idempotency_keys::call_id.eq(Key::from(*call))))
                .filter(idempotency_keys::answer.eq(before))
                .set((
                    idempotency_keys::answer.eq(None::<Vec<u8>>),
                    idempotency_keys::state.eq("not_kept"),
                ))
                .execute(c)
                .await
        })?,
    };
    Ok(changed == 1)
}

async fn sealing_key(conn: &mut Connection, _: &()) -> QueryResult<Option<i64>> {
    on_backend!(conn, c => {
        settings::table.find(SEALING_KEY).select(settings::value).first(c).await.optional()
    })
}

async fn set_sealing_key(conn: &mut Connection, name: &i64) -> Step<()> {
    settings_version::raise(conn).await?;
    on_backend!(conn, c => {
        diesel::insert_into(settings::table)
            .values((settings::name.eq(SEALING_KEY), settings::value.eq(*name)))
            .on_conflict(settings::name)
            .do_update()
            .set(settings::value.eq(*name))
            .execute(c)
            .await
    })
    .map(drop)
    .map_err(Failure::from)
}

#[async_trait]
impl SealedRows for Store {
    async fn counts(&self, length: u8) -> Result<Vec<SealedCount>, StorageError> {
        self.read(length, counts).await
    }

    async fn other_than(
        &self,
        head: &[u8],
        after: Option<&SealedPlace>,
        limit: u16,
    ) -> Result<Vec<Text>, StorageError> {
        self.read(Page::of(head, after, limit), other_than).await
    }

    async fn replace(&self, place: &SealedPlace, before: &[u8], now: &[u8]) -> Result<bool, StorageError> {
        let (before, now) = (before.to_vec(), Some(now.to_vec()));
        self.write(Change { place: place.clone(), before, now }, change).await
    }

    async fn forget(&self, place: &SealedPlace, before: &[u8]) -> Result<bool, StorageError> {
        self.write(Change { place: place.clone(), before: before.to_vec(), now: None }, change).await
    }

    async fn sealing_key(&self) -> Result<Option<i64>, StorageError> {
        self.read((), sealing_key).await
    }

    async fn set_sealing_key(&self, name: i64) -> Result<(), StorageError> {
        self.write(name, set_sealing_key).await
    }
}
