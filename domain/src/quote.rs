//! Quotes: an upper bound of what a call can cost, and how much of it a balance pays for. The hold
//! and `POST /api/v2/quote` are this one function.

use crate::meter::Meter;
use crate::money::{AmountOutOfRange, Credits};
use crate::rates::{PriceLine, Rate};
use crate::usage::Quantities;

/// What a request can use at most, apart from its output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bound {
    /// Tokens of the request, at most.
    pub input_tokens: u64,
    /// Answers asked for (`n`); each may be as long as the output limit.
    pub choices: u32,
    /// Output tokens asked for, for each answer; `None` where the client named no limit.
    pub asked_output: Option<u64>,
    /// The least of the model's and the operator's limits, for each answer.
    pub output_ceiling: u64,
    /// False for calls that have no output tokens, such as embeddings.
    pub has_output: bool,
    /// Other meters that the request fixes: images, seconds, characters, searches.
    pub other: Quantities,
}

impl Bound {
    /// Of a call that no output limit makes shorter.
    pub fn fixed(input_tokens: u64, other: Quantities) -> Self {
        Self { input_tokens, choices: 1, asked_output: None, output_ceiling: 0, has_output: false, other }
    }

    /// All tokens that the request can use, in and out.
    pub fn tokens(&self) -> u64 {
        let ceiling = if self.has_output { self.output_ceiling } else { 0 };
        let answer = self.asked_output.map_or(ceiling, |asked| asked.min(ceiling));
        let output = answer.saturating_mul(u64::from(self.choices));
        self.input_tokens.saturating_add(output).saturating_add(self.other.total_tokens())
    }
}

/// How a balance is shared out (`billing.*`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoldPolicy {
    /// Below so many output tokens an answer is useless.
    pub min_output_tokens: u64,
    /// The share of a balance that a call without a limit of its own may take.
    pub uncapped_share_percent: u8,
    /// The share applies as long as it pays for so many tokens.
    pub uncapped_floor_tokens: u64,
}

impl Default for HoldPolicy {
    fn default() -> Self {
        Self { min_output_tokens: 16, uncapped_share_percent: 50, uncapped_floor_tokens: 1024 }
    }
}

/// An upper bound in credits, open in one respect: how many output tokens the balance pays for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quote {
    /// Everything but the output.
    pub fixed: Credits,
    /// One token of output, at the dearest bucket.
    pub per_output_token: Credits,
    pub bound: Bound,
    pub policy: HoldPolicy,
    /// Nothing is reserved where the balance pays for less than was asked.
    pub whole: bool,
}

/// What was reserved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reserved {
    pub hold: Credits,
    /// The output limit for each answer that goes upstream.
    pub output_limit: Option<u64>,
}

/// The balance pays for no useful answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{needed} credits are needed, {available} are available")]
pub struct Shortfall {
    /// What the least useful answer takes.
    pub needed: Credits,
    pub available: Credits,
}

/// Why nothing could be reserved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SizeError {
    #[error(transparent)]
    Shortfall(#[from] Shortfall),
    #[error(transparent)]
    OutOfRange(#[from] AmountOutOfRange),
}

impl Quote {
    /// Prices a bound at the dearest bucket that can apply.
    pub fn new(bound: Bound, rate: &Rate, policy: HoldPolicy) -> Result<Self, AmountOutOfRange> {
        let tokens = bound.input_tokens;
        let mut fixed = rate.dearest_input(tokens).checked_mul(tokens)?;
        for (meter, quantity) in bound.other.with(Meter::Call, 1).iter() {
            fixed = fixed.checked_add(rate.dearest_of(meter, tokens).checked_mul(quantity)?)?;
        }
        let per_output_token = if bound.has_output { rate.dearest_output(tokens) } else { Credits::ZERO };
        Ok(Self { fixed, per_output_token, bound, policy, whole: false })
    }

    /// A quote of nothing, for calls that are not charged (`billing.mode = "off"`).
    pub fn free(bound: Bound, policy: HoldPolicy) -> Self {
        Self { fixed: Credits::ZERO, per_output_token: Credits::ZERO, bound, policy, whole: false }
    }

    /// A quote that covers both: whichever of the two is taken in the end costs no more. It is for all that was
    /// asked or for nothing, so that the dearer one does not make the answers of the other shorter.
    pub fn or(self, other: Self) -> Self {
        let (one, two) = (self.bound, other.bound);
        Self {
            fixed: self.fixed.max(other.fixed),
            per_output_token: self.per_output_token.max(other.per_output_token),
            bound: Bound {
                input_tokens: one.input_tokens.max(two.input_tokens),
                output_ceiling: one.output_ceiling.max(two.output_ceiling),
                ..one
            },
            policy: self.policy,
            whole: true,
        }
    }

    /// Whether what this reserves pays for the other, too, within the other's own output limit.
    pub fn covers(&self, other: &Self) -> bool {
        self.fixed >= other.fixed && self.per_output_token >= other.per_output_token
    }

    /// The output limit if money were no object.
    pub fn wanted(&self) -> u64 {
        self.bound.asked_output.unwrap_or(u64::MAX).min(self.bound.output_ceiling)
    }

    fn answers(&self) -> u64 {
        u64::from(self.bound.choices.max(1))
    }

    /// What an answer of so many tokens (for each choice) costs at most.
    pub fn cost_of(&self, output_limit: u64) -> Result<Credits, AmountOutOfRange> {
        let tokens = output_limit.checked_mul(self.answers()).ok_or(AmountOutOfRange)?;
        self.fixed.checked_add(self.per_output_token.checked_mul(tokens)?)
    }

    /// The whole of what was asked, whatever the balance.
    pub fn full(&self) -> Result<Reserved, AmountOutOfRange> {
        if !self.bound.has_output {
            return Ok(Reserved { hold: self.fixed, output_limit: None });
        }
        let limit = self.wanted();
        Ok(Reserved { hold: self.cost_of(limit)?, output_limit: Some(limit) })
    }

    /// [`Self::cost_of`] by meter, at the prices of the rate that this quote was made with.
    pub fn lines(&self, rate: &Rate, output_limit: u64) -> Result<Vec<PriceLine>, AmountOutOfRange> {
        let line = |meter, quantity: u64, rate: Credits| -> Result<_, AmountOutOfRange> {
            Ok(PriceLine { meter, quantity, rate, amount: rate.checked_mul(quantity)? })
        };
        let tokens = self.bound.input_tokens;
        let mut lines = vec![line(Meter::Input, tokens, rate.dearest_input(tokens))?];
        for (meter, quantity) in self.bound.other.with(Meter::Call, 1).iter() {
            let price = rate.dearest_of(meter, tokens);
            if !price.is_zero() {
                lines.push(line(meter, quantity, price)?);
            }
        }
        if self.bound.has_output {
            let tokens = output_limit.checked_mul(self.answers()).ok_or(AmountOutOfRange)?;
            lines.push(line(Meter::Output, tokens, self.per_output_token)?);
        }
        Ok(lines)
    }

    /// Output tokens for each answer that an amount pays for, after the fixed part.
    fn affordable(&self, amount: Credits) -> u64 {
        let rest = i128::from(amount.units()) - i128::from(self.fixed.units());
        if rest < 0 {
            return 0;
        }
        let one_step = i128::from(self.per_output_token.units()) * i128::from(self.answers());
        if one_step == 0 {
            return u64::MAX;
        }
        u64::try_from(rest / one_step).unwrap_or(u64::MAX)
    }

    /// Reserves what the available balance pays for, or says what is missing.
    pub fn size(&self, available: Credits) -> Result<Reserved, SizeError> {
        if !self.bound.has_output {
            return if self.fixed.is_zero() || self.fixed <= available {
                Ok(Reserved { hold: self.fixed, output_limit: None })
            } else {
                Err(Shortfall { needed: self.fixed, available }.into())
            };
        }
        let wanted = self.wanted();
        let least = wanted.min(self.policy.min_output_tokens);
        let all = if self.fixed.is_zero() && self.per_output_token.is_zero() {
            u64::MAX
        } else {
            self.affordable(available)
        };
        // A fixed part that the balance does not cover can't be shortened by a shorter answer.
        if all < least || (self.fixed > available && !self.fixed.is_zero()) {
            return Err(Shortfall { needed: self.cost_of(least)?, available }.into());
        }
        // Where output costs nothing there is nothing to share.
        let paid_for = if self.bound.asked_output.is_some() || self.per_output_token.is_zero() {
            all
        } else {
            let share = self.affordable(available.percent(self.policy.uncapped_share_percent));
            share.max(all.min(self.policy.uncapped_floor_tokens.max(least)))
        };
        let limit = wanted.min(paid_for);
        if self.whole && limit < wanted {
            return Err(Shortfall { needed: self.cost_of(wanted)?, available }.into());
        }
        Ok(Reserved { hold: self.cost_of(limit)?, output_limit: Some(limit) })
    }
}
