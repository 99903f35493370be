//! The audit of a store in memory: everything that is cached is derived anew.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::Memory;
use super::tables::{CallRow, Party, Tables};
use crate::ids::AccountId;
use crate::money::Credits;
use crate::ports::{AuditCounts, AuditReport, Auditor, Billing, CallStatus, Finding, StorageError};

#[async_trait]
impl Auditor for Memory {
    async fn audit(&self) -> Result<AuditReport, StorageError> {
        let tables = self.tables()?;
        let mut findings = Vec::new();
        check_balances(&tables, &mut findings);
        for row in tables.calls.values() {
            check_call(&tables, row, &mut findings);
        }
        for transfer in tables.transfers.iter().filter(|transfer| transfer.debit != Party::Grants) {
            let call = transfer.call.and_then(|call| tables.calls.get(&call));
            if call.is_none_or(|call| call.record.state != "settled") {
                findings.push(finding("A4", transfer.id, "a charge has no settled call behind it"));
            }
        }
        let open = tables.calls.values().filter(|row| row.record.status == CallStatus::Processing).count();
        let wide = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        Ok(AuditReport {
            findings,
            open_holds: wide(open),
            checked: AuditCounts {
                accounts: wide(tables.accounts.len()),
                calls: wide(tables.calls.len()),
                transfers: wide(tables.transfers.len()),
                outbox: wide(tables.outbox.len()),
                checks: 8,
            },
        })
    }
}

fn finding(check: &str, subject: impl ToString, message: &str) -> Finding {
    Finding { check: check.to_owned(), subject: subject.to_string(), message: message.to_owned() }
}

fn check_balances(tables: &Tables, findings: &mut Vec<Finding>) {
    let mut posted: BTreeMap<Party, i128> = BTreeMap::new();
    for transfer in &tables.transfers {
        *posted.entry(transfer.debit).or_default() -= i128::from(transfer.amount.units());
        *posted.entry(transfer.credit).or_default() += i128::from(transfer.amount.units());
    }
    let mut held: BTreeMap<AccountId, i128> = BTreeMap::new();
    for row in tables.calls.values().filter(|row| row.record.status == CallStatus::Processing) {
        *held.entry(row.record.account).or_default() += i128::from(row.record.hold.units());
    }
    for account in tables.accounts.values() {
        let derived = posted.get(&Party::User(account.id)).copied().unwrap_or_default();
        if i128::from(account.balance.posted.units()) != derived {
            findings.push(finding("A1", account.id, "the balance is not the sum of its transfers"));
        }
        let derived = held.get(&account.id).copied().unwrap_or_default();
        if i128::from(account.balance.held.units()) != derived {
            findings.push(finding("A2", account.id, "what is held is not what open calls hold"));
        }
    }
}

fn check_call(tables: &Tables, row: &CallRow, findings: &mut Vec<Finding>) {
    let record = &row.record;
    let mut found = |check: &str, message: &str| findings.push(finding(check, record.id, message));
    let posted: Vec<Credits> = tables
        .transfers
        .iter()
        .filter(|transfer| transfer.call == Some(record.id))
        .filter(|transfer| transfer.debit == Party::User(record.account))
        .map(|transfer| transfer.amount)
        .collect();
    let charged: &[Credits] = if record.charge.is_zero() { &[] } else { &[record.charge] };
    if posted != charged {
        found("A3", "the charge is not what was posted");
    }
    let Ok(total) = record.charge.checked_add(record.overrun) else {
        return found("A5", "charge and overrun are out of range");
    };
    if record.state == "settled" && row.billing == Billing::Credit {
        if Credits::try_sum(record.lines.iter().map(|line| line.amount)) != Ok(total) {
            found("A5", "the price lines don't add up to the cost");
        }
        let wrong = |line: &&crate::rates::PriceLine| line.rate.checked_mul(line.quantity) != Ok(line.amount);
        if record.lines.iter().find(wrong).is_some() {
            found("A6", "a price line is not quantity × rate");
        }
        let rate = row.rate.and_then(|id| tables.rates.iter().find(|rate| rate.id == id));
        if let (Some(rate), Some(usage)) = (rate, record.usage)
            && rate.charge(&usage.quantities).map(|bill| bill.total) != Ok(total)
        {
            found("A6", "the cost is not what the rate makes of the usage");
        }
    }
    if record.status != CallStatus::Processing && record.charge > record.hold {
        found("A3", "the charge is more than was held");
    }
    let event = tables.outbox.get(&record.id).map(|row| row.event.amount);
    let due = (row.billing == Billing::Credit && !record.charge.is_zero()).then_some(record.charge);
    if event != due {
        found("A9", "the outbox does not have the charge");
    }
}
