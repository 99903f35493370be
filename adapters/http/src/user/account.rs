//! Balance and profile of an account.

use actix_web::HttpResponse;
use hub_domain::money::Credits;
use hub_domain::ports::{Account, Balance, BillingMode};
use hub_domain::vocabulary::Principal;
use serde::Serialize;

use crate::currency::{CREDIT, Currency};
use crate::exchange::Exchange;
use crate::refusal::Refusal;

/// Amounts in the form that the route has: whole units of 10⁻¹⁰ credit, or decimals.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CreditBalance {
    /// What new calls can use.
    balance: String,
    /// All that was ever granted.
    total: String,
    grant_count: u64,
    /// Used and not yet taken from the balance; the hub's own books take it at once.
    pending_credit: &'static str,
}

impl CreditBalance {
    fn of(balance: Balance, form: impl Fn(Credits) -> String) -> Self {
        Self {
            balance: form(balance.available().max(Credits::ZERO)),
            total: form(balance.granted),
            grant_count: balance.grants,
            pending_credit: "0",
        }
    }
}

async fn account(exchange: &Exchange, caller: &Principal) -> Result<Account, Refusal> {
    exchange.service.state.accounts.get(caller.account).await?.ok_or(Refusal::UnknownRecord)
}

/// `GET /api/user/credit/balance`: integers in units of 10⁻¹⁰ credit.
pub(crate) async fn credit_balance(exchange: &Exchange, caller: &Principal) -> Result<HttpResponse, Refusal> {
    #[derive(Serialize)]
    struct Answer {
        #[serde(flatten)]
        balance: CreditBalance,
        currency: Currency,
    }
    let account = account(exchange, caller).await?;
    let balance = CreditBalance::of(account.balance, |amount| amount.units().to_string());
    Ok(HttpResponse::Ok().json(Answer { balance, currency: CREDIT }))
}

/// `GET /api/user/info`: decimals. Where calls are not charged, there is no balance to show.
pub(crate) async fn info(exchange: &Exchange, caller: &Principal) -> Result<HttpResponse, Refusal> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Answer<'a> {
        user: Profile,
        credit_balance: Option<CreditBalance>,
        payment_link: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        currency: Option<Currency>,
        enable_credit: bool,
        profile_link: &'static str,
    }
    let account = account(exchange, caller).await?;
    let settings = &exchange.service.settings;
    let is_charged = settings.billing != BillingMode::Off;
    Ok(HttpResponse::Ok().json(Answer {
        user: Profile::new(caller.user_did(), account.name),
        credit_balance: is_charged.then(|| CreditBalance::of(account.balance, |amount| amount.to_string())),
        payment_link: settings.payment_link.as_deref(),
        currency: is_charged.then_some(CREDIT),
        enable_credit: is_charged,
        profile_link: "",
    }))
}

/// A user as the original's clients know one. The hub keeps no addresses or pictures.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Profile {
    did: String,
    full_name: String,
    email: &'static str,
    avatar: &'static str,
}

impl Profile {
    pub(super) fn new(did: String, full_name: String) -> Self {
        Self { did, full_name, email: "", avatar: "" }
    }
}
