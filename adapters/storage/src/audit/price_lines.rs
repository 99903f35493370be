//! Price lines, in Rust, because the two databases read JSON differently: each call's lines add up to
//! what it cost (A5), and they are what its version of the rate makes of its usage (A6).

use std::collections::HashMap;

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::pg::{Pg, PgValue};
use diesel::prelude::*;
use diesel::sqlite::{Sqlite, SqliteValue};
use diesel_async::RunQueryDsl;
use hub_domain::ids::{CallId, RateId};
use hub_domain::rates::Rate;
use uuid::Uuid;

use super::check::credits;
use super::findings::Findings;
use super::totals::Totals;
use crate::call_lines::CallLines;
use crate::connection::{Connection, on_backend};
use crate::rate_book;
use crate::schema::model_calls;
use crate::sql_types::{Json, Key};

/// So many calls are in memory at a time.
const PAGE: i64 = 1_000;
/// So many versions of rates are remembered from one call to the next.
const RATES: usize = 10_000;

/// JSON as it stands in the database: broken text is a finding, and not the audit's end.
#[derive(FromSqlRow)]
#[diesel(sql_type = Json)]
struct Raw(Vec<u8>);

impl FromSql<Json, Pg> for Raw {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        // Behind the byte that tells the version of binary `jsonb`.
        Ok(Self(value.as_bytes().get(1..).unwrap_or_default().to_vec()))
    }
}

impl FromSql<Json, Sqlite> for Raw {
    fn from_sql(mut value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        Ok(Self(value.read_text().as_bytes().to_vec()))
    }
}

#[derive(Queryable)]
struct Settled {
    id: Key,
    account: Key,
    lines: Option<Raw>,
    charge: i64,
    overrun: i64,
    rate: Option<Key>,
}

/// Looks at every settled call that costs credits, page by page, and sums up what they were charged.
pub async fn check(conn: &mut Connection, totals: &mut Totals, findings: &mut Findings) -> QueryResult<()> {
    let mut rates = HashMap::new();
    let mut last = Key(Uuid::nil());
    loop {
        let page: Vec<Settled> = on_backend!(conn, c => {
            model_calls::table
                .filter(model_calls::id.gt(last))
                .filter(model_calls::state.eq("settled").and(model_calls::billing.eq("credit")))
                .order(model_calls::id)
                .limit(PAGE)
                .select((
                    model_calls::id,
                    model_calls::account_id,
                    model_calls::lines,
                    model_calls::charge,
                    model_calls::overrun,
                    model_calls::rate_id,
                ))
                .load(c)
                .await
        })?;
        let Some(end) = page.last() else { return Ok(()) };
        last = end.id;
        for call in page {
            totals.add_call(call.account, call.charge);
            let rate = match call.rate {
                Some(id) => rate(conn, &mut rates, id.into()).await?,
                None => None,
            };
            judge(&call, rate, findings);
        }
    }
}

async fn rate<'a>(
    conn: &mut Connection,
    rates: &'a mut HashMap<RateId, Option<Rate>>,
    id: RateId,
) -> QueryResult<Option<&'a Rate>> {
    if !rates.contains_key(&id) {
        if rates.len() == RATES {
            rates.clear();
        }
        rates.insert(id, rate_book::get(conn, &id).await?);
    }
    Ok(rates.get(&id).and_then(Option::as_ref))
}

fn judge(call: &Settled, rate: Option<&Rate>, findings: &mut Findings) {
    let cost = i128::from(call.charge) + i128::from(call.overrun);
    let id = CallId::from(call.id);
    let mut found = |check: &str, what: String| {
        findings.add(check, id.to_string(), format!("call {id}: {what}"));
    };
    let recorded = call.lines.as_ref().map(|Raw(json)| serde_json::from_slice::<CallLines>(json));
    let recorded = match recorded {
        Some(Ok(recorded)) => recorded,
        Some(Err(error)) => return found("A5", format!("its price lines can't be read: {error}")),
        None => return found("A5", format!("it cost {} and has no price lines", credits(cost))),
    };
    let sum: i128 = recorded.lines.iter().map(|line| line.amount).sum();
    if sum != cost {
        found(
            "A5",
            format!("its price lines add up to {}, charge and overrun are {}", credits(sum), credits(cost)),
        );
    }
    let mut is_sound = true;
    for (at, line) in recorded.lines.iter().enumerate() {
        let meter = line.meter;
        if line.rate.checked_mul(line.quantity) != Ok(line.amount) || line.amount.is_negative() {
            is_sound = false;
            let (quantity, rate, amount) = (line.quantity, line.rate, line.amount);
            found("A6", format!("{quantity} of {meter} at {rate} credits are not {amount} credits"));
        }
        if recorded.lines[..at].iter().any(|before| before.meter == meter) {
            is_sound = false;
            found("A6", format!("{meter} is paid twice"));
        }
    }
    let Some(rate) = rate else {
        return match call.rate {
            Some(rate) => found(
                "A6",
                format!("its rate {} does not exist; it cost {}", RateId::from(rate), credits(cost)),
            ),
            None => found("A6", format!("it has no rate and cost {}", credits(cost))),
        };
    };
    // A usage whose price leaves the range is not charged.
    let bill = rate.charge(&recorded.usage.quantities).unwrap_or_default();
    if is_sound && bill.lines != recorded.lines {
        let due = bill.total.units();
        found(
            "A6",
            format!(
                "its usage costs {} by version {} of its rate, its price lines say {}",
                credits(due),
                rate.version,
                credits(sum)
            ),
        );
    }
}
