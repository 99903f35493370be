//! Accounts, in memory.

use async_trait::async_trait;

use super::Memory;
use super::tables::Party;
use crate::ids::AccountId;
use crate::ports::{Account, Accounts, AccountsError, Balance, Grant, NewAccount, StorageError};
use crate::vocabulary::{LimitChange, Limits};

#[async_trait]
impl Accounts for Memory {
    async fn create(&self, account: NewAccount) -> Result<Account, AccountsError> {
        let mut tables = self.tables()?;
        if tables.accounts.values().any(|other| other.name == account.name) {
            return Err(AccountsError::Taken("name"));
        }
        if account.did.is_some() && tables.accounts.values().any(|other| other.did == account.did) {
            return Err(AccountsError::Taken("did"));
        }
        let account = Account {
            id: AccountId::new(),
            name: account.name,
            did: account.did,
            balance: Balance::default(),
            limits: Limits::default(),
            created: self.now(),
        };
        tables.accounts.insert(account.id, account.clone());
        Ok(account)
    }

    async fn list(&self) -> Result<Vec<Account>, StorageError> {
        Ok(self.tables()?.accounts.values().cloned().collect())
    }

    async fn find(&self, id_or_name: &str) -> Result<Option<Account>, StorageError> {
        let tables = self.tables()?;
        let by_id = id_or_name.parse().ok().and_then(|id: AccountId| tables.accounts.get(&id));
        Ok(by_id.or_else(|| tables.accounts.values().find(|account| account.name == id_or_name)).cloned())
    }

    async fn get(&self, id: AccountId) -> Result<Option<Account>, StorageError> {
        Ok(self.tables()?.accounts.get(&id).cloned())
    }

    async fn grant(&self, grant: Grant) -> Result<bool, AccountsError> {
        let mut tables = self.tables()?;
        if !tables.accounts.contains_key(&grant.account) {
            return Err(AccountsError::Unknown);
        }
        if grant.amount.is_zero() || grant.amount.is_negative() {
            return Err(AccountsError::BadAmount);
        }
        if tables.grants.contains_key(&grant.idempotency_key) {
            return Ok(false);
        }
        let granted = tables.update_balance(grant.account, |balance| {
            Ok(Balance {
                posted: balance.posted.checked_add(grant.amount)?,
                granted: balance.granted.checked_add(grant.amount)?,
                grants: balance.grants + 1,
                ..*balance
            })
        });
        granted.map_err(|_| AccountsError::BadAmount)?;
        let id = tables.transfer(Party::Grants, Party::User(grant.account), grant.amount, None);
        tables.grants.insert(grant.idempotency_key, id);
        Ok(true)
    }

    async fn limit(&self, id: AccountId, change: LimitChange) -> Result<Option<Account>, StorageError> {
        let mut tables = self.tables()?;
        let Some(account) = tables.accounts.get_mut(&id) else { return Ok(None) };
        account.limits = change.apply(account.limits);
        let account = account.clone();
        for row in tables.keys.values_mut().filter(|row| row.record.account == id) {
            row.record.account_limits = account.limits;
        }
        tables.raise_settings_version();
        Ok(Some(account))
    }
}
