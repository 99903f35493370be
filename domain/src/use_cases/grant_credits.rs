//! Grants credits: posts an amount to an account, once for each idempotency key.

use crate::ports::{Account, Accounts, AccountsError, Grant};

/// The longest idempotency key of a grant, in bytes.
const LONGEST_KEY: usize = 255;

/// Why nothing was granted. Nothing was written.
#[derive(Debug, Clone, thiserror::Error)]
pub enum GrantError {
    #[error("the amount must be more than zero")]
    NotPositive,
    #[error("a text that makes a grant unique has 1 to {LONGEST_KEY} printable characters")]
    BadKey,
    #[error(transparent)]
    Accounts(#[from] AccountsError),
}

/// What became of a grant.
#[derive(Debug, Clone)]
pub struct Granted {
    /// False when the same key granted before; nothing changed then.
    pub is_new: bool,
    /// The account as it stands now.
    pub account: Account,
}

/// Posts a grant and shows the account after it.
pub async fn grant_credits(accounts: &dyn Accounts, grant: Grant) -> Result<Granted, GrantError> {
    if grant.amount.is_zero() || grant.amount.is_negative() {
        return Err(GrantError::NotPositive);
    }
    let key = &grant.idempotency_key;
    if key.is_empty() || key.len() > LONGEST_KEY || key.chars().any(char::is_control) {
        return Err(GrantError::BadKey);
    }
    let id = grant.account;
    let is_new = accounts.grant(grant).await?;
    let account = accounts.get(id).await.map_err(AccountsError::from)?.ok_or(AccountsError::Unknown)?;
    Ok(Granted { is_new, account })
}

#[cfg(test)]
mod tests {
    use futures_executor::block_on;

    use super::*;
    use crate::ids::AccountId;
    use crate::memory::Memory;
    use crate::money::Credits;
    use crate::ports::NewAccount;

    async fn account(memory: &Memory) -> AccountId {
        let new = NewAccount { name: "alice".to_owned(), did: None };
        memory.create(new).await.unwrap().id
    }

    fn grant_of(account: AccountId, units: i64) -> Grant {
        Grant { account, amount: Credits::from_units(units), idempotency_key: "invoice-4711".to_owned() }
    }

    #[test]
    fn a_grant_counts_once_and_shows_the_balance() {
        block_on(async {
            let memory = Memory::new();
            let alice = account(&memory).await;

            let first = grant_credits(&memory, grant_of(alice, 7)).await.unwrap();
            assert!(first.is_new);
            assert_eq!(first.account.balance.available(), Credits::from_units(7));
            let again = grant_credits(&memory, grant_of(alice, 7)).await.unwrap();
            assert!(!again.is_new);
            assert_eq!(again.account, first.account);
        });
    }

    #[test]
    fn nothing_and_less_than_nothing_is_no_grant() {
        block_on(async {
            let memory = Memory::new();
            let alice = account(&memory).await;
            for units in [0, -1, i64::MIN] {
                let refused = grant_credits(&memory, grant_of(alice, units)).await;
                assert!(matches!(refused, Err(GrantError::NotPositive)), "{units}: {refused:?}");
            }
        });
    }

    #[test]
    fn a_grant_needs_an_account() {
        block_on(async {
            let refused = grant_credits(&Memory::new(), grant_of(AccountId::new(), 7)).await;
            assert!(matches!(refused, Err(GrantError::Accounts(AccountsError::Unknown))), "{refused:?}");
        });
    }

    #[test]
    fn a_balance_that_would_leave_its_range_is_refused() {
        block_on(async {
            let memory = Memory::new();
            let alice = account(&memory).await;
            grant_credits(&memory, grant_of(alice, 1)).await.unwrap();
            let more = Grant { idempotency_key: "more".to_owned(), ..grant_of(alice, i64::MAX) };

            let refused = grant_credits(&memory, more).await;
            assert!(matches!(refused, Err(GrantError::Accounts(AccountsError::BadAmount))), "{refused:?}");
        });
    }

    #[test]
    fn a_key_is_a_short_printable_text() {
        block_on(async {
            let memory = Memory::new();
            let alice = account(&memory).await;
            for key in [String::new(), "a\nb".to_owned(), "x".repeat(256)] {
                let grant = Grant { idempotency_key: key, ..grant_of(alice, 7) };
                assert!(matches!(grant_credits(&memory, grant).await, Err(GrantError::BadKey)));
            }
        });
    }
}
