//! Admits a call: quotes it and opens it in the ledger, with a tokenizer's count where the cheap
//! bound doesn't fit the balance.

use std::slice;
use std::sync::Arc;

use crate::bound::{OutputLimits, bound, texts, with_counted_input};
use crate::error::CallError;
use crate::ids::AccountId;
use crate::money::Credits;
use crate::ports::{
    Accounts, Billing, BillingMode, CallLedger, ClaimState, Estimate, HeldCall, HoldError, NewCall,
    StorageError, TokenCounter,
};
use crate::quote::{HoldPolicy, Quote, Shortfall, SizeError};
use crate::routing::{Candidate, routes};
use crate::vocabulary::Canonical;

/// How calls are priced and sized (`billing.*`).
#[derive(Debug, Clone)]
pub struct AdmissionPolicy {
    pub mode: BillingMode,
    pub hold: HoldPolicy,
    /// Output tokens of one answer, at most, whatever a client asks.
    pub max_output_tokens: u64,
    /// Output tokens of one answer where the client names no limit and the model's is unknown.
    pub uncapped_output_tokens: u64,
    /// Where a user can buy credit.
    pub payment_link: Option<String>,
}

impl AdmissionPolicy {
    /// What calls are paid with.
    pub fn billing(&self) -> Billing {
        match self.mode {
            BillingMode::Off => Billing::None,
            BillingMode::Ledger | BillingMode::PaymentKit => Billing::Credit,
        }
    }

    /// Whether a model needs a rate.
    pub fn is_priced(&self) -> bool {
        self.billing() == Billing::Credit
    }
}

/// The use case.
pub struct Admit {
    ledger: Arc<dyn CallLedger>,
    tokens: Arc<dyn TokenCounter>,
    policy: AdmissionPolicy,
}

/// What became of the wish to open a call.
#[derive(Debug)]
pub enum AdmitError {
    /// Nothing was written.
    Refused(CallError),
    /// It is not known whether the call was opened; it has to be voided if it was.
    Unknown(CallError),
}

impl Admit {
    pub fn new(ledger: Arc<dyn CallLedger>, tokens: Arc<dyn TokenCounter>, policy: AdmissionPolicy) -> Self {
        Self { ledger, tokens, policy }
    }

    pub fn policy(&self) -> &AdmissionPolicy {
        &self.policy
    }

    /// The upper bound of what a request costs at a candidate, without a tokenizer.
    pub fn quote(&self, candidate: &Candidate, canonical: &Canonical) -> Result<Quote, CallError> {
        let limits = OutputLimits {
            model_max: candidate.max_output_tokens,
            operator_max: self.policy.max_output_tokens,
            uncapped_default: self.policy.uncapped_output_tokens,
        };
        let bound = bound(canonical, limits);
        match candidate.rate.as_deref() {
            Some(rate) if self.policy.is_priced() => {
                Quote::new(bound, rate, self.policy.hold).map_err(|_| CallError::AmountOutOfRange)
            }
            _ => Ok(Quote::free(bound, self.policy.hold)),
        }
    }

    /// The upper bound over all routes: whichever is taken, it costs no more. Where the price of one is out of
    /// range, it is that of those before it.
    pub fn quote_all(&self, candidates: &[Candidate], canonical: &Canonical) -> Result<Quote, CallError> {
        let mut quotes = routes(candidates).map(|route| self.quote(route, canonical));
        let first = quotes.next().unwrap_or(Err(CallError::AmountOutOfRange))?;
        Ok(quotes.flatten().fold(first, Quote::or))
    }

    /// The same bounds with the input counted by the models' tokenizers; `None` when that is no tighter.
    async fn tighter(&self, quote: &Quote, candidates: &[Candidate], canonical: &Canonical) -> Option<Quote> {
        let mut all: Option<Quote> = None;
        for route in routes(candidates) {
            let own = self.quote(route, canonical).ok()?;
            let rate = route.rate.as_deref()?;
            let counted = self.tokens.count(&route.model, texts(canonical)).await;
            let bound = with_counted_input(own.bound, canonical, counted);
            let own = if bound.input_tokens < own.bound.input_tokens {
                Quote::new(bound, rate, own.policy).ok()?
            } else {
                own
            };
            all = Some(all.map_or(own, |all| all.or(own)));
        }
        all.filter(|all| all.bound.input_tokens < quote.bound.input_tokens)
    }

    /// Opens the call, with a hold that covers every route. Where the balance doesn't cover the cheap bound, the
    /// tokenizer has a word before the answer is 402, and then the first route alone. With which quote it was.
    pub async fn open(
        &self,
        call: NewCall,
        candidates: &[Candidate],
        canonical: &Canonical,
    ) -> Result<(HeldCall, Quote), AdmitError> {
        let quote = call.quote;
        let mut shortfall = match self.ledger.open(call.clone()).await {
            Err(HoldError::Insufficient(shortfall)) => shortfall,
            other => return self.opened(other, quote),
        };
        let several = routes(candidates).nth(1).is_some();
        let first = candidates.get(..1).filter(|_| several);
        for candidates in [Some(candidates), first].into_iter().flatten() {
            let cheap = self.quote_all(candidates, canonical).map_err(AdmitError::Refused)?;
            let tighter = self.tighter(&cheap, candidates, canonical).await;
            // The cheap bound of all routes was tried already.
            let Some(quote) = tighter.or_else(|| (cheap != quote).then_some(cheap)) else { continue };
            match self.ledger.open(NewCall { quote, ..call.clone() }).await {
                Err(HoldError::Insufficient(less)) => shortfall = less,
                other => return self.opened(other, quote),
            }
        }
        Err(self.refusal(HoldError::Insufficient(shortfall)))
    }

    fn opened(
        &self,
        opened: Result<HeldCall, HoldError>,
        quote: Quote,
    ) -> Result<(HeldCall, Quote), AdmitError> {
        opened.map(|held| (held, quote)).map_err(|error| self.refusal(error))
    }

    /// What a request would cost at most, and what of it the balance pays for; where it may go several ways, on
    /// the dearest. Records nothing.
    pub async fn estimate(
        &self,
        accounts: &dyn Accounts,
        account: AccountId,
        candidates: &[Candidate],
        canonical: &Canonical,
    ) -> Result<Estimate, CallError> {
        let balance = match accounts.get(account).await {
            Ok(Some(account)) => account.balance.available(),
            Ok(None) => Credits::ZERO,
            Err(error) => return Err(storage_error(error)),
        };
        let mut dearest: Option<(&Candidate, Quote, Credits)> = None;
        for candidate in routes(candidates) {
            let quote = self.quote(candidate, canonical)?;
            let cost = quote.full().map_err(|_| CallError::AmountOutOfRange)?.hold;
            if dearest.as_ref().is_none_or(|(.., most)| cost > *most) {
                dearest = Some((candidate, quote, cost));
            }
        }
        let (candidate, quote, _) = dearest.ok_or(CallError::AmountOutOfRange)?;
        let (quote, covered) = match quote.size(balance) {
            Ok(reserved) => (quote, Some(reserved)),
            Err(SizeError::OutOfRange(_)) => return Err(CallError::AmountOutOfRange),
            Err(SizeError::Shortfall(_)) => {
                match self.tighter(&quote, slice::from_ref(candidate), canonical).await {
                    Some(tighter) => (tighter, tighter.size(balance).ok()),
                    None => (quote, None),
                }
            }
        };
        let full = quote.full().map_err(|_| CallError::AmountOutOfRange)?;
        let rate = candidate.rate.as_deref().filter(|_| self.policy.is_priced());
        let lines = rate.map(|rate| quote.lines(rate, full.output_limit.unwrap_or(0))).transpose();
        Ok(Estimate {
            model: format!("{}/{}", candidate.provider.name, candidate.model),
            rate: rate.map(|rate| rate.id),
            rate_version: rate.map(|rate| rate.version),
            full,
            lines: lines.map_err(|_| CallError::AmountOutOfRange)?.unwrap_or_default(),
            quote,
            covered,
            balance,
        })
    }

    fn refusal(&self, error: HoldError) -> AdmitError {
        AdmitError::Refused(match error {
            HoldError::Insufficient(Shortfall { needed, available }) => CallError::InsufficientCredits {
                balance: available,
                needed,
                link: self.policy.payment_link.clone(),
            },
            HoldError::OutOfRange(_) => CallError::AmountOutOfRange,
            HoldError::UnknownAccount => CallError::Forbidden {
                message: "the account of this key does not exist any more".into(),
                code: "unknown_account",
            },
            HoldError::Claimed(state) => claim_error(&state),
            HoldError::Storage(error) => return AdmitError::Unknown(storage_error(error)),
        })
    }
}

/// What a client is told of a key that is in use.
pub fn claim_error(state: &ClaimState) -> CallError {
    match state {
        // A kept answer that appears between the look-up and the claim is found by the next try.
        ClaimState::InProgress | ClaimState::Kept { .. } => CallError::IdempotencyInProgress,
        ClaimState::Mismatch => CallError::IdempotencyMismatch,
        ClaimState::NotKept => CallError::IdempotencyAnswerNotKept,
    }
}

/// What a client is told when storage did not do its part.
pub fn storage_error(error: StorageError) -> CallError {
    match error {
        StorageError::Away { retry_after, .. } => CallError::Unavailable {
            message: "the database is away; try again in a moment".into(),
            code: "storage_unavailable",
            retry_after,
        },
        StorageError::Broken { detail } => CallError::Internal { detail },
    }
}
