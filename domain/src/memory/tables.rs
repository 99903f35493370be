//! What [`super::Memory`] remembers.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::ids::{AccountId, CallId, InstanceEpoch, KeyId, RateId, TransferId};
use crate::money::{AmountOutOfRange, Credits};
use crate::ports::{
    Account, Balance, Billing, BillingMode, CallRecord, Claim, KeyRecord, ProviderRecord, SealedAnswer,
    UnixMillis, UpstreamTrouble, UsageEvent,
};
use crate::rates::Rate;
use crate::routing::VirtualModel;

/// Rows are kept by ids, hence in the order of their making.
#[derive(Default)]
pub struct Tables {
    pub accounts: BTreeMap<AccountId, Account>,
    pub grants: HashMap<String, TransferId>,
    pub transfers: Vec<Transfer>,
    pub calls: BTreeMap<CallId, CallRow>,
    pub outbox: BTreeMap<CallId, OutboxRow>,
    pub claims: HashMap<[u8; 32], ClaimRow>,
    pub leases: HashMap<InstanceEpoch, Lease>,
    pub last_epoch: HashMap<Arc<str>, i64>,
    pub jobs: HashMap<String, JobRow>,
    pub keys: BTreeMap<KeyId, KeyRow>,
    pub rates: Vec<Rate>,
    pub providers: Vec<ProviderRecord>,
    pub models: BTreeMap<String, VirtualModel>,
    /// By instance: its epoch, and what it told last.
    pub upstream_reports: BTreeMap<Arc<str>, (i64, Vec<UpstreamTrouble>)>,
    pub settings_version: i64,
    pub sealing_key: Option<i64>,
}

/// One end of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Party {
    User(AccountId),
    Grants,
    Revenue,
    Overrun,
}

/// An amount that left one account for another. Never changed, never deleted.
#[derive(Debug, Clone)]
pub struct Transfer {
    pub id: TransferId,
    pub debit: Party,
    pub credit: Party,
    /// More than zero.
    pub amount: Credits,
    pub call: Option<CallId>,
}

pub struct CallRow {
    pub record: CallRecord,
    pub billing: Billing,
    pub rate: Option<RateId>,
    pub by: InstanceEpoch,
    /// When the call has been open for as long as it may.
    pub limit: UnixMillis,
    pub claim: Option<Claim>,
    /// Ended by somebody who is not its owner.
    pub reaped: bool,
}

pub struct OutboxRow {
    pub event: UsageEvent,
    pub mode: BillingMode,
    pub acknowledged: bool,
}

pub struct ClaimRow {
    pub claim: Claim,
    pub account: AccountId,
    pub call: CallId,
    pub created: UnixMillis,
    pub kept: Kept,
}

pub enum Kept {
    Running,
    Answer(SealedAnswer),
    Nothing,
}

pub struct Lease {
    pub until: UnixMillis,
    pub ended: bool,
}

#[derive(Default)]
pub struct JobRow {
    pub fence: i64,
    pub claimed_until: Option<UnixMillis>,
    pub done: Option<UnixMillis>,
}

pub struct KeyRow {
    pub hash: [u8; 32],
    pub record: KeyRecord,
}

impl Tables {
    pub fn transfer(
        &mut self,
        debit: Party,
        credit: Party,
        amount: Credits,
        call: Option<CallId>,
    ) -> TransferId {
        let id = TransferId::new();
        self.transfers.push(Transfer { id, debit, credit, amount, call });
        id
    }

    /// Changes an account's cached sums; all of them or none.
    pub fn update_balance(
        &mut self,
        account: AccountId,
        change: impl FnOnce(&Balance) -> Result<Balance, AmountOutOfRange>,
    ) -> Result<(), AmountOutOfRange> {
        let account = self.accounts.get_mut(&account).ok_or(AmountOutOfRange)?;
        account.balance = change(&account.balance)?;
        Ok(())
    }

    pub fn raise_settings_version(&mut self) {
        self.settings_version += 1;
    }
}
