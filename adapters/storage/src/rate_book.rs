//! [`RateBook`]: versions of price lists. A version is never changed, because calls were charged by it.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use hub_domain::ids::RateId;
use hub_domain::ports::{NewRate, RateBook, StorageError};
use hub_domain::rates::{ContextTier, Prices, Rate};
use hub_domain::vocabulary::CallType;
use serde::{Deserialize, Serialize};

use crate::Store;
use crate::connection::{Connection, on_backend};
use crate::failure::{Failure, Step};
use crate::schema::rates;
use crate::settings_version;
use crate::sql_types::{AsJson, Key, Now};

/// What stands in `rates.prices`.
#[derive(Debug, Serialize, Deserialize)]
struct PriceList {
    prices: Prices,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tiers: Vec<ContextTier>,
}

type Row = (Key, String, String, String, i32, AsJson<PriceList>);

/// The columns of [`Row`].
const COLUMNS: (rates::id, rates::provider, rates::model, rates::call_type, rates::version, rates::prices) =
    (rates::id, rates::provider, rates::model, rates::call_type, rates::version, rates::prices);

/// `None` for a kind of call of a later version, which this one doesn't know.
fn rate((id, provider, model, call_type, version, AsJson(list)): Row) -> Option<Rate> {
    let call_type = CallType::from_name(&call_type)?;
    Some(Rate { id: id.into(), provider, model, call_type, version, prices: list.prices, tiers: list.tiers })
}

async fn set(conn: &mut Connection, (id, new): &(RateId, NewRate)) -> Step<Rate> {
    // Who sets prices at the same time waits here, so that no version is given twice.
    settings_version::lock(conn).await?;
    let in_force: Option<Row> = on_backend!(conn, c => {
        rates::table
            .filter(rates::provider.eq(&new.provider))
            .filter(rates::model.eq(&new.model))
            .filter(rates::call_type.eq(new.call_type.name()))
            .order(rates::version.desc())
            .select(COLUMNS)
            .first(c)
            .await
            .optional()
    })?;
    let in_force = in_force.and_then(rate);
    if let Some(rate) = &in_force
        && rate.prices == new.prices
        && rate.tiers == new.tiers
    {
        return Ok(rate.clone());
    }
    let NewRate { provider, model, call_type, prices, tiers } = new.clone();
    let version = in_force.map_or(Some(1), |rate| rate.version.checked_add(1));
    let version = version
        .ok_or_else(|| Failure::Refused(StorageError::broken("a price list has too many versions")))?;
    let rate = Rate { id: *id, provider, model, call_type, version, prices, tiers };
    let list = AsJson(PriceList { prices: rate.prices, tiers: rate.tiers.clone() });
    on_backend!(conn, c => {
        diesel::insert_into(rates::table)
            .values((
                rates::id.eq(Key::from(rate.id)),
                rates::provider.eq(&rate.provider),
                rates::model.eq(&rate.model),
                rates::call_type.eq(rate.call_type.name()),
                rates::version.eq(rate.version),
                rates::prices.eq(list),
                rates::created_ms.eq(Now::PRESENT),
            ))
            .execute(c)
            .await
    })?;
    settings_version::raise(conn).await?;
    Ok(rate)
}

/// In one transaction, as every write is.
async fn set_all(conn: &mut Connection, rates: &Vec<(RateId, NewRate)>) -> Step<Vec<Rate>> {
    let mut done = Vec::with_capacity(rates.len());
    for rate in rates {
        done.push(set(conn, rate).await?);
    }
    Ok(done)
}

async fn current(conn: &mut Connection, _: &()) -> QueryResult<Vec<Rate>> {
    let later = diesel::alias!(rates as later);
    let rows: Vec<Row> = on_backend!(conn, c => {
        rates::table
            .filter(diesel::dsl::not(diesel::dsl::exists(
                later
                    .filter(later.field(rates::provider).eq(rates::provider))
                    .filter(later.field(rates::model).eq(rates::model))
                    .filter(later.field(rates::call_type).eq(rates::call_type))
                    .filter(later.field(rates::version).gt(rates::version)),
            )))
            .select(COLUMNS)
            .load(c)
            .await
    })?;
    let mut current: Vec<_> = rows.into_iter().filter_map(rate).collect();
    // Here, because the databases order texts differently.
    current.sort_by(|one, other| {
        let place = |rate: &Rate| (rate.provider.clone(), rate.model.clone(), rate.call_type);
        place(one).cmp(&place(other))
    });
    Ok(current)
}

/// Any version, for whoever has to know by which prices a call was charged.
pub async fn get(conn: &mut Connection, id: &RateId) -> QueryResult<Option<Rate>> {
    let row: Option<Row> = on_backend!(conn, c => {
        rates::table.find(Key::from(*id)).select(COLUMNS).first(c).await.optional()
    })?;
    Ok(row.and_then(rate))
}

#[async_trait]
impl RateBook for Store {
    async fn set(&self, rate: NewRate) -> Result<Rate, StorageError> {
        self.write((RateId::new(), rate), set).await
    }

    async fn set_all(&self, rates: Vec<NewRate>) -> Result<Vec<Rate>, StorageError> {
        let rates: Vec<_> = rates.into_iter().map(|rate| (RateId::new(), rate)).collect();
        self.write(rates, set_all).await
    }

    async fn current(&self) -> Result<Vec<Rate>, StorageError> {
        self.read((), current).await
    }

    async fn get(&self, id: RateId) -> Result<Option<Rate>, StorageError> {
        self.read(id, get).await
    }

    async fn settings_version(&self) -> Result<i64, StorageError> {
        self.read((), settings_version::read).await
    }
}
