//! [`Accounts`]: who pays, and the credits granted to them. A grant is a transfer from `sys:grants`.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;
use hub_domain::ids::{AccountId, TransferId};
use hub_domain::money::Credits;
use hub_domain::ports::{Account, Accounts, AccountsError, Balance, Grant, NewAccount, StorageError};
use hub_domain::vocabulary::LimitChange;

use crate::Store;
use crate::connection::{Connection, on_backend};
use crate::failure::{Failure, Step};
use crate::limit_columns::{self, LimitColumns};
use crate::schema::{accounts, transfers};
use crate::settings_version;
use crate::sql_types::{Key, Millis, Now};
use crate::system_accounts::GRANTS;

/// A user's row, with what was granted to it.
type Row = (Key, String, Option<String>, i64, i64, Millis, i64, i64, LimitColumns);

/// The columns of [`Row`].
macro_rules! columns {
    () => {
        (
            accounts::id,
            accounts::name,
            accounts::did,
            accounts::posted,
            accounts::held,
            accounts::created_ms,
            diesel::dsl::sql::<BigInt>(
                "(SELECT CAST(coalesce(SUM(t.amount), 0) AS BIGINT) FROM transfers t
                   WHERE t.credit = accounts.id AND t.kind = 'grant')",
            ),
            diesel::dsl::sql::<BigInt>(
                "(SELECT count(*) FROM transfers t WHERE t.credit = accounts.id AND t.kind = 'grant')",
            ),
            (accounts::concurrent_calls, accounts::requests_per_minute, accounts::tokens_per_minute),
        )
    };
}

fn account((id, name, did, posted, held, created, granted, grants, limits): Row) -> Account {
    let balance = Balance {
        posted: Credits::from_units(posted),
        held: Credits::from_units(held),
        granted: Credits::from_units(granted),
        grants: u64::try_from(grants).unwrap_or_default(),
    };
    let limits = limit_columns::read(limits);
    Account { id: id.into(), name, did, balance, limits, created: created.into() }
}

async fn create(
    conn: &mut Connection,
    new: &(AccountId, NewAccount),
) -> Result<Account, Failure<AccountsError>> {
    let (id, new) = new;
    let inserted = on_backend!(conn, c => {
        diesel::insert_into(accounts::table)
            .values((
                accounts::id.eq(Key::from(*id)),
                accounts::name.eq(&new.name),
                accounts::did.eq(&new.did),
                accounts::kind.eq("user"),
                accounts::created_ms.eq(Now::PRESENT),
            ))
            .on_conflict_do_nothing()
            .execute(c)
            .await
    })?;
    if inserted == 0 {
        let name_taken: i64 = on_backend!(conn, c => {
            accounts::table.filter(accounts::name.eq(&new.name)).count().get_result(c).await
        })?;
        let what = if name_taken > 0 { "name" } else { "did" };
        return Err(Failure::Refused(AccountsError::Taken(what)));
    }
    get(conn, id).await?.ok_or(Failure::Database(diesel::result::Error::NotFound))
}

async fn get(conn: &mut Connection, id: &AccountId) -> QueryResult<Option<Account>> {
    let row: Option<Row> = on_backend!(conn, c => {
        accounts::table
            .filter(accounts::id.eq(Key::from(*id)).and(accounts::kind.eq("user")))
            .select(columns!())
            .first(c)
            .await
            .optional()
    })?;
    Ok(row.map(account))
}

async fn find(conn: &mut Connection, id_or_name: &String) -> QueryResult<Option<Account>> {
    if let Ok(id) = id_or_name.parse()
        && let Some(account) = get(conn, &id).await?
    {
        return Ok(Some(account));
    }
    let row: Option<Row> = on_backend!(conn, c => {
        accounts::table
            .filter(accounts::name.eq(id_or_name).and(accounts::kind.eq("user")))
            .select(columns!())
            .first(c)
            .await
            .optional()
    })?;
    Ok(row.map(account))
}

async fn list(conn: &mut Connection, _: &()) -> QueryResult<Vec<Account>> {
    let rows: Vec<Row> = on_backend!(conn, c => {
        accounts::table
            .filter(accounts::kind.eq("user"))
            .order(accounts::id)
            .select(columns!())
            .load(c)
            .await
    })?;
    Ok(rows.into_iter().map(account).collect())
}

async fn grant(conn: &mut Connection, grant: &(TransferId, Grant)) -> Result<bool, Failure<AccountsError>> {
    let (id, grant) = grant;
    if get(conn, &grant.account).await?.is_none() {
        return Err(Failure::Refused(AccountsError::Unknown));
    }
    if grant.amount.is_zero() || grant.amount.is_negative() {
        return Err(Failure::Refused(AccountsError::BadAmount));
    }
    let payee = Key::from(grant.account);
    // First the key: of equal grants at once the others wait here for the one that counts.
    let inserted = on_backend!(conn, c => {
        diesel::insert_into(transfers::table)
            .values((
                transfers::id.eq(Key::from(*id)),
                transfers::kind.eq("grant"),
                transfers::debit.eq(Key::from(GRANTS)),
                transfers::credit.eq(payee),
                transfers::amount.eq(grant.amount.units()),
                transfers::idem_key.eq(&grant.idempotency_key),
                transfers::created_ms.eq(Now::PRESENT),
            ))
            .on_conflict_do_nothing()
            .execute(c)
            .await
    })?;
    if inserted == 0 {
        return Ok(false);
    }
    let room = Credits::MAX.units() - grant.amount.units();
    let updated = on_backend!(conn, c => {
        diesel::update(accounts::table.filter(accounts::id.eq(payee).and(accounts::posted.le(room))))
            .set(accounts::posted.eq(accounts::posted + grant.amount.units()))
            .execute(c)
            .await
    })?;
    // The account's row is locked now; what else was granted to it stands fast.
    let others: i64 = on_backend!(conn, c => {
        transfers::table
            .filter(transfers::credit.eq(payee).and(transfers::kind.eq("grant")))
            .filter(transfers::id.ne(Key::from(*id)))
            .select(diesel::dsl::sql::<BigInt>("CAST(coalesce(SUM(amount), 0) AS BIGINT)"))
            .get_result(c)
            .await
    })?;
    if updated == 0 || others > room {
        return Err(Failure::Refused(AccountsError::BadAmount));
    }
    Ok(true)
}

async fn limit(conn: &mut Connection, (id, change): &(AccountId, LimitChange)) -> Step<Option<Account>> {
    settings_version::raise(conn).await?;
    let Some(account) = get(conn, id).await? else { return Ok(None) };
    let limits = limit_columns::write(change.apply(account.limits)).map_err(Failure::Refused)?;
    on_backend!(conn, c => {
        diesel::update(accounts::table.find(Key::from(*id)))
            .set((
                accounts::concurrent_calls.eq(limits.0),
                accounts::requests_per_minute.eq(limits.1),
                accounts::tokens_per_minute.eq(limits.2),
            ))
            .execute(c)
            .await
    })?;
    Ok(get(conn, id).await?)
}

#[async_trait]
impl Accounts for Store {
    async fn create(&self, account: NewAccount) -> Result<Account, AccountsError> {
        self.write((AccountId::new(), account), create).await
    }

    async fn list(&self) -> Result<Vec<Account>, StorageError> {
        self.read((), list).await
    }

    async fn find(&self, id_or_name: &str) -> Result<Option<Account>, StorageError> {
        self.read(id_or_name.to_owned(), find).await
    }

    async fn get(&self, id: AccountId) -> Result<Option<Account>, StorageError> {
        self.read(id, get).await
    }

    async fn grant(&self, new: Grant) -> Result<bool, AccountsError> {
        self.write((TransferId::new(), new), grant).await
    }

    async fn limit(&self, id: AccountId, change: LimitChange) -> Result<Option<Account>, StorageError> {
        self.write((id, change), limit).await
    }
}
