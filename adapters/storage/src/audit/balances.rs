//! Accounts: what is cached is what follows from transfers, calls and reports.

use super::check::{Check, credits};
use super::sums::{differs, number, sum, total};

pub const CHECKS: &[Check] = &[
    Check {
        name: "A1",
        sql: concat!(
            "WITH entries AS (SELECT credit AS account, amount FROM transfers
                              UNION ALL SELECT debit, -amount FROM transfers),
                  sums AS (SELECT account, ", sum!("amount"), " FROM entries GROUP BY account)
             SELECT a.id AS subject, NULL AS detail,
                    ", number!("a.posted" AS "found"), ", ", total!("s" AS "due"), "
               FROM accounts a LEFT JOIN sums s ON s.account = a.id
              WHERE a.kind = 'user' AND ", differs!("a.posted", "s")
        ),
        tell: |wrong| {
            format!(
                "account {}: its balance is {}, its transfers sum to {}",
                wrong.subject(),
                credits(wrong.found()),
                credits(wrong.due())
            )
        },
    },
    Check {
        name: "A1",
        sql: concat!(
            "SELECT t.id AS subject, t.kind AS detail,
                    ", number!("t.amount" AS "found"), ", ", number!("0" AS "due"), "
               FROM transfers t
               LEFT JOIN accounts d ON d.id = t.debit LEFT JOIN accounts c ON c.id = t.credit
              WHERE d.id IS NULL OR c.id IS NULL OR t.debit = t.credit OR t.amount <= 0"
        ),
        tell: |wrong| {
            format!(
                "transfer {}: a {} of {} does not go from one account to another",
                wrong.subject(),
                wrong.detail(),
                credits(wrong.found())
            )
        },
    },
    Check {
        name: "A2",
        sql: concat!(
            "WITH open_calls AS (SELECT account_id, ", sum!("hold"), "
                                   FROM model_calls WHERE state = 'held' GROUP BY account_id)
             SELECT a.id AS subject, NULL AS detail,
                    ", number!("a.held" AS "found"), ", ", total!("o" AS "due"), "
               FROM accounts a LEFT JOIN open_calls o ON o.account_id = a.id
              WHERE ", differs!("a.held", "o")
        ),
        tell: |wrong| {
            format!(
                "account {}: {} is held, its open calls hold {}",
                wrong.subject(),
                credits(wrong.found()),
                credits(wrong.due())
            )
        },
    },
    Check {
        name: "A12",
        sql: concat!(
            "WITH ledger AS (SELECT debit AS account, ", sum!("amount"), "
                               FROM transfers WHERE kind = 'charge' GROUP BY debit),
                  calls AS (SELECT account_id AS account, ", sum!("charge"), "
                              FROM model_calls WHERE billing = 'credit' AND state = 'settled' GROUP BY account_id),
                  events AS (SELECT account_id AS account, amount FROM outbox
                             UNION ALL
                             SELECT account_id, amount + carry_out - carry_in FROM meter_reports),
                  reported AS (SELECT account, ", sum!("amount"), " FROM events GROUP BY account)
             SELECT a.id AS subject, 'the ledger' AS detail,
                    ", total!("l" AS "found"), ", ", total!("c" AS "due"), "
               FROM accounts a
               LEFT JOIN ledger l ON l.account = a.id LEFT JOIN calls c ON c.account = a.id
              WHERE coalesce(l.high, 0) <> coalesce(c.high, 0) OR coalesce(l.low, 0) <> coalesce(c.low, 0)
             UNION ALL
             SELECT a.id, 'outbox and reports',
                    ", total!("r" AS "found"), ", ", total!("c" AS "due"), "
               FROM accounts a
               LEFT JOIN reported r ON r.account = a.id LEFT JOIN calls c ON c.account = a.id
              WHERE coalesce(r.high, 0) <> coalesce(c.high, 0) OR coalesce(r.low, 0) <> coalesce(c.low, 0)"
        ),
        tell: |wrong| {
            format!(
                "account {}: {} have {} in all, its calls were charged {}",
                wrong.subject(),
                wrong.detail(),
                credits(wrong.found()),
                credits(wrong.due())
            )
        },
    },
    Check {
        name: "A13",
        // The sum of what may explain a negative balance; where it is negative itself, its high half is.
        sql: concat!(
            "WITH parts AS (SELECT id AS account, posted AS amount FROM accounts WHERE kind = 'user' AND posted < 0
                            UNION ALL SELECT id, overdraft FROM accounts WHERE kind = 'user' AND posted < 0
                            UNION ALL SELECT debit, amount FROM transfers WHERE kind IN ('adjust', 'expire')),
                  sums AS (SELECT account, ", sum!("amount"), " FROM parts GROUP BY account)
             SELECT a.id AS subject, NULL AS detail,
                    ", number!("a.posted" AS "found"), ", ", number!("-a.overdraft" AS "due"), "
               FROM accounts a JOIN sums s ON s.account = a.id
              WHERE a.kind = 'user' AND a.posted < 0 AND s.high < 0"
        ),
        tell: |wrong| {
            format!(
                "account {}: its balance is {}, it may fall to {} and no adjustment explains the rest",
                wrong.subject(),
                credits(wrong.found()),
                credits(wrong.due())
            )
        },
    },
];
