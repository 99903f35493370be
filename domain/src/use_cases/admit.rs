//! Admits a call: quotes it and opens it in the ledger, with a tokenizer's count where the cheap
//! bound doesn't fit the balance.

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
use crate::routing::Candidate;
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

    /// The same bound with the input counted by the model's tokenizer; `None` when that is no tighter.
    async fn tighter(&self, quote: &Quote, candidate: &Candidate, canonical: &Canonical) -> Option<Quote> {
        let rate = candidate.rate.as_deref()?;
        let counted = self.tokens.count(&candidate.model, texts(canonical)).await;
        let bound = with_counted_input(quote.bound, canonical, counted);
        (bound.input_tokens < quote.bound.input_tokens)
            .then(|| Quote::new(bound, rate, quote.policy).ok())
            .flatten()
    }

    /// Opens the call. Where the balance doesn't cover the cheap bound, the tokenizer has a word before
    /// the answer is 402.
    pub async fn open(
        &self,
        call: NewCall,
        candidate: &Candidate,
        canonical: &Canonical,
    ) -> Result<HeldCall, AdmitError> {
        let shortfall = match self.ledger.open(call.clone()).await {
            Err(HoldError::Insufficient(shortfall)) => shortfall,
            other => return other.map_err(|error| self.refusal(error)),
        };
        match self.tighter(&call.quote, candidate, canonical).await {
            Some(quote) => {
                self.ledger.open(NewCall { quote, ..call }).await.map_err(|error| self.refusal(error))
            }
            None => Err(self.refusal(HoldError::Insufficient(shortfall))),
        }
    }

    /// What a request would cost at most, and what of it the balance pays for. Records nothing.
    pub async fn estimate(
        &self,
        accounts: &dyn Accounts,
        account: AccountId,
        candidate: &Candidate,
        canonical: &Canonical,
    ) -> Result<Estimate, CallError> {
        let balance = match accounts.get(account).await {
            Ok(Some(account)) => account.balance.available(),
            Ok(None) => Credits::ZERO,
            Err(error) => return Err(storage_error(error)),
        };
        let quote = self.quote(candidate, canonical)?;
        let (quote, covered) = match quote.size(balance) {
            Ok(reserved) => (quote, Some(reserved)),
            Err(SizeError::OutOfRange(_)) => return Err(CallError::AmountOutOfRange),
            Err(SizeError::Shortfall(_)) => match self.tighter(&quote, candidate, canonical).await {
                Some(tighter) => (tighter, tighter.size(balance).ok()),
                None => (quote, None),
            },
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
