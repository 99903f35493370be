//! [`KeyStore`]: access keys by the hash of their text.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use hub_domain::ids::{AccountId, KeyId};
use hub_domain::ports::{KeyRecord, KeyStore, KeyStoreError, NewKey, StorageError, UnixMillis};
use hub_domain::vocabulary::{LimitChange, Role};

use crate::Store;
use crate::connection::{Connection, on_backend};
use crate::failure::{Failure, Step};
use crate::limit_columns::{self, LimitColumns};
use crate::schema::{access_keys, accounts};
use crate::settings_version;
use crate::sql_types::{Key, Millis, Now};

const MINUTE: i64 = 60_000;

#[derive(Queryable)]
struct Row {
    id: Key,
    account: Key,
    account_name: String,
    did: Option<String>,
    name: Option<String>,
    tail: String,
    role: String,
    limits: LimitColumns,
    account_limits: LimitColumns,
    created: Millis,
    expires: Option<Millis>,
    revoked: Option<Millis>,
    last_used: Option<Millis>,
}

/// Keys beside their accounts, with the columns of [`Row`].
macro_rules! keys {
    () => {
        access_keys::table.inner_join(accounts::table.on(accounts::id.eq(access_keys::account_id))).select((
            access_keys::id,
            accounts::id,
            accounts::name,
            accounts::did,
            access_keys::name,
            access_keys::tail,
            access_keys::role,
            (access_keys::concurrent_calls, access_keys::requests_per_minute, access_keys::tokens_per_minute),
            (accounts::concurrent_calls, accounts::requests_per_minute, accounts::tokens_per_minute),
            access_keys::created_ms,
            access_keys::expires_ms,
            access_keys::revoked_ms,
            access_keys::last_used_ms,
        ))
    };
}

impl Row {
    fn into_record(self) -> KeyRecord {
        KeyRecord {
            id: self.id.into(),
            account: self.account.into(),
            account_name: self.account_name,
            did: self.did,
            name: self.name,
            tail: self.tail,
            // A role of a later version, which this one doesn't know, may do the least.
            role: Role::from_name(&self.role).unwrap_or(Role::Guest),
            limits: limit_columns::read(self.limits),
            account_limits: limit_columns::read(self.account_limits),
            created: self.created.into(),
            expires: self.expires.map(UnixMillis::from),
            revoked: self.revoked.map(UnixMillis::from),
            last_used: self.last_used.map(UnixMillis::from),
        }
    }
}

async fn add(conn: &mut Connection, key: &NewKey) -> Result<KeyRecord, Failure<KeyStoreError>> {
    let limits = limit_columns::write(key.limits).map_err(|error| Failure::Refused(error.into()))?;
    settings_version::raise(conn).await?;
    let accounts: i64 = on_backend!(conn, c => {
        accounts::table
            .filter(accounts::id.eq(Key::from(key.account)).and(accounts::kind.eq("user")))
            .count()
            .get_result(c)
            .await
    })?;
    if accounts == 0 {
        return Err(Failure::Refused(KeyStoreError::UnknownAccount));
    }
    let inserted = on_backend!(conn, c => {
        diesel::insert_into(access_keys::table)
            .values((
                access_keys::id.eq(Key::from(key.id)),
                access_keys::hash.eq(key.hash.as_slice()),
                access_keys::tail.eq(&key.tail),
                access_keys::account_id.eq(Key::from(key.account)),
                access_keys::name.eq(&key.name),
                access_keys::role.eq(key.role.name()),
                access_keys::concurrent_calls.eq(limits.0),
                access_keys::requests_per_minute.eq(limits.1),
                access_keys::tokens_per_minute.eq(limits.2),
                access_keys::created_ms.eq(Now::PRESENT),
                access_keys::expires_ms.eq(key.expires.map(Millis::from)),
            ))
            .on_conflict_do_nothing()
            .execute(c)
            .await
    })?;
    if inserted == 0 {
        return Err(Failure::Refused(KeyStoreError::Taken));
    }
    find(conn, &key.hash).await?.ok_or(Failure::Database(diesel::result::Error::NotFound))
}

async fn find(conn: &mut Connection, hash: &[u8; 32]) -> QueryResult<Option<KeyRecord>> {
    let row: Option<Row> = on_backend!(conn, c => {
        keys!().filter(access_keys::hash.eq(hash.as_slice())).first(c).await.optional()
    })?;
    Ok(row.map(Row::into_record))
}

async fn list(conn: &mut Connection, account: &Option<AccountId>) -> QueryResult<Vec<KeyRecord>> {
    let rows: Vec<Row> = match account {
        Some(account) => on_backend!(conn, c => {
            keys!().filter(access_keys::account_id.eq(Key::from(*account))).order(access_keys::id).load(c).await
        })?,
        None => on_backend!(conn, c => keys!().order(access_keys::id).load(c).await)?,
    };
    Ok(rows.into_iter().map(Row::into_record).collect())
}

async fn revoke(conn: &mut Connection, id: &KeyId) -> Step<bool> {
    settings_version::lock(conn).await?;
    let revoked = on_backend!(conn, c => {
        diesel::update(access_keys::table.filter(access_keys::id.eq(Key::from(*id)).and(access_keys::revoked_ms.is_null())))
            .set(access_keys::revoked_ms.eq(Now::PRESENT.nullable()))
            .execute(c)
            .await
    })?;
    if revoked > 0 {
        settings_version::raise(conn).await?;
    }
    Ok(revoked > 0)
}

async fn limit(conn: &mut Connection, (id, change): &(KeyId, LimitChange)) -> Step<Option<KeyRecord>> {
    settings_version::raise(conn).await?;
    let Some(key) = get(conn, id).await? else { return Ok(None) };
    let limits = limit_columns::write(change.apply(key.limits)).map_err(Failure::Refused)?;
    on_backend!(conn, c => {
        diesel::update(access_keys::table.find(Key::from(*id)))
            .set((
                access_keys::concurrent_calls.eq(limits.0),
                access_keys::requests_per_minute.eq(limits.1),
                access_keys::tokens_per_minute.eq(limits.2),
            ))
            .execute(c)
            .await
    })?;
    Ok(get(conn, id).await?)
}

async fn get(conn: &mut Connection, id: &KeyId) -> QueryResult<Option<KeyRecord>> {
    let row: Option<Row> = on_backend!(conn, c => {
        keys!().filter(access_keys::id.eq(Key::from(*id))).first(c).await.optional()
    })?;
    Ok(row.map(Row::into_record))
}

async fn note_use(conn: &mut Connection, used: &Vec<(KeyId, UnixMillis)>) -> Step<()> {
    for (id, at) in used {
        let minute = Millis(at.0 - at.0.rem_euclid(MINUTE));
        let is_later =
            || access_keys::last_used_ms.is_null().or(access_keys::last_used_ms.lt(minute).assume_not_null());
        on_backend!(conn, c => {
            diesel::update(access_keys::table.filter(access_keys::id.eq(Key::from(*id)).and(is_later())))
                .set(access_keys::last_used_ms.eq(Some(minute)))
                .execute(c)
                .await
        })?;
    }
    Ok(())
}

#[async_trait]
impl KeyStore for Store {
    async fn add(&self, key: NewKey) -> Result<KeyRecord, KeyStoreError> {
        self.write(key, add).await
    }

    async fn list(&self, account: Option<AccountId>) -> Result<Vec<KeyRecord>, StorageError> {
        self.read(account, list).await
    }

    async fn find(&self, hash: &[u8; 32]) -> Result<Option<KeyRecord>, StorageError> {
        self.read(*hash, find).await
    }

    async fn revoke(&self, id: KeyId) -> Result<bool, StorageError> {
        self.write(id, revoke).await
    }

    async fn limit(&self, id: KeyId, change: LimitChange) -> Result<Option<KeyRecord>, StorageError> {
        self.write((id, change), limit).await
    }

    async fn note_use(&self, used: &[(KeyId, UnixMillis)]) -> Result<(), StorageError> {
        if used.is_empty() {
            return Ok(());
        }
        // In one order, so that instances which note the same keys don't wait for each other in a circle.
        let mut used = used.to_vec();
        used.sort_unstable();
        self.write(used, note_use).await
    }
}
