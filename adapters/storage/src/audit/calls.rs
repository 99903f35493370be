//! Transfers and calls: each transfer is one, and each call ended once and paid what it says.

use super::check::{Check, credits};

pub const CHECKS: &[Check] = &[
    Check {
        name: "A1",
        sql: "SELECT t.id AS subject, t.kind AS detail,
                    t.amount AS found, CAST(0 AS BIGINT) AS due
               FROM transfers t
               LEFT JOIN accounts d ON d.id = t.debit LEFT JOIN accounts c ON c.id = t.credit
              WHERE d.id IS NULL OR c.id IS NULL OR t.debit = t.credit OR t.amount <= 0",
        tell: |wrong| {
            format!(
                "transfer {}: a {} of {} does not go from one account to another",
                wrong.subject(),
                wrong.detail(),
                credits(wrong.found)
            )
        },
    },
    Check {
        name: "A3",
        sql: "SELECT c.id AS subject, 'charge' AS detail,
                    c.charge AS found, coalesce(t.amount, 0) AS due
               FROM model_calls c LEFT JOIN transfers t ON t.call_id = c.id AND t.kind = 'charge'
              WHERE c.state = 'settled' AND c.billing = 'credit' AND c.charge <> coalesce(t.amount, 0)
             UNION ALL
             SELECT c.id, 'overrun', c.overrun, coalesce(t.amount, 0)
               FROM model_calls c LEFT JOIN transfers t ON t.call_id = c.id AND t.kind = 'overrun'
              WHERE c.state = 'settled' AND c.billing = 'credit' AND c.overrun <> coalesce(t.amount, 0)",
        tell: |wrong| {
            format!(
                "call {}: its {} is {}, {} was posted",
                wrong.subject(),
                wrong.detail(),
                credits(wrong.found),
                credits(wrong.due)
            )
        },
    },
    Check {
        name: "A3",
        sql: "SELECT c.id AS subject, NULL AS detail,
                    c.charge AS found, c.hold AS due
               FROM model_calls c WHERE c.billing = 'credit' AND c.charge > c.hold",
        tell: |wrong| {
            format!(
                "call {}: {} was charged, only {} was held",
                wrong.subject(),
                credits(wrong.found),
                credits(wrong.due)
            )
        },
    },
    Check {
        name: "A3",
        sql: "SELECT c.id AS subject, c.state || ' call paid by ' || c.billing AS detail,
                    c.charge AS found, c.overrun AS due
               FROM model_calls c
              WHERE (c.state <> 'settled' OR c.billing = 'none') AND (c.charge <> 0 OR c.overrun <> 0)",
        tell: |wrong| {
            format!(
                "call {}: a {} costs nothing, and has a charge of {} and an overrun of {}",
                wrong.subject(),
                wrong.detail(),
                credits(wrong.found),
                credits(wrong.due)
            )
        },
    },
    Check {
        name: "A4",
        sql: "WITH own AS (SELECT id, name FROM accounts WHERE kind = 'system'),
                  posted AS (SELECT t.id, t.kind, t.amount, t.call_id, c.account_id, c.state, c.billing,
                                    d.name AS payer, e.name AS payee, t.debit,
                                    CASE t.kind WHEN 'charge' THEN c.charge ELSE c.overrun END AS said
                               FROM transfers t
                               LEFT JOIN model_calls c ON c.id = t.call_id
                               LEFT JOIN own d ON d.id = t.debit LEFT JOIN own e ON e.id = t.credit
                              WHERE t.kind IN ('charge', 'overrun')),
                  judged AS (SELECT p.*, CASE
                                WHEN state IS NULL THEN 'there is no such call'
                                WHEN state <> 'settled' OR billing <> 'credit' THEN 'that call has nothing to pay'
                                WHEN kind = 'charge' AND debit <> account_id THEN 'another account paid'
                                WHEN kind = 'overrun' AND coalesce(payer, '') <> 'sys:overrun'
                                  THEN 'another account than sys:overrun paid'
                                WHEN coalesce(payee, '') <> 'sys:revenue'
                                  THEN 'it was not paid to sys:revenue' END AS fault
                               FROM posted p)
             SELECT id AS subject, kind || ' for a call: ' || fault AS detail,
                    amount AS found, coalesce(said, 0) AS due
               FROM judged WHERE fault IS NOT NULL",
        tell: |wrong| {
            format!(
                "transfer {}: {} ({} was posted, the call has {})",
                wrong.subject(),
                wrong.detail(),
                credits(wrong.found),
                credits(wrong.due)
            )
        },
    },
    Check {
        name: "A4",
        sql: "SELECT t.call_id AS subject, t.kind AS detail, t.amount AS found, u.amount AS due
               FROM transfers t JOIN transfers u ON u.call_id = t.call_id AND u.kind = 'charge' AND u.id > t.id
              WHERE t.kind = 'charge'
             UNION ALL
             SELECT t.call_id, t.kind, t.amount, u.amount
               FROM transfers t JOIN transfers u ON u.call_id = t.call_id AND u.kind = 'overrun' AND u.id > t.id
              WHERE t.kind = 'overrun'",
        tell: |wrong| {
            format!(
                "call {}: its {} was posted twice, as {} and as {}",
                wrong.subject(),
                wrong.detail(),
                credits(wrong.found),
                credits(wrong.due)
            )
        },
    },
    Check {
        name: "A4",
        sql: "SELECT t.id AS subject, coalesce(c.name, 'nobody') AS detail,
                    t.amount AS found, CAST(0 AS BIGINT) AS due
               FROM transfers t
               LEFT JOIN accounts d ON d.id = t.debit LEFT JOIN accounts c ON c.id = t.credit
              WHERE t.kind = 'grant' AND (coalesce(d.name, '') <> 'sys:grants' OR coalesce(c.kind, '') <> 'user')",
        tell: |wrong| {
            format!(
                "transfer {}: a grant of {} to {} does not go from sys:grants to a user",
                wrong.subject(),
                credits(wrong.found),
                wrong.detail()
            )
        },
    },
    Check {
        name: "A7",
        sql: "SELECT c.id AS subject,
                    c.state || ', ' || coalesce(c.outcome, 'without an outcome') || ', '
                      || CASE WHEN c.closed_ms IS NULL THEN 'not closed' ELSE 'closed' END AS detail,
                    CAST(0 AS BIGINT) AS found, CAST(0 AS BIGINT) AS due
               FROM model_calls c
              WHERE c.state NOT IN ('held', 'settled', 'voided')
                 OR (c.state = 'held') <> (c.closed_ms IS NULL) OR (c.state = 'held') <> (c.outcome IS NULL)",
        tell: |wrong| {
            format!("call {}: it contradicts itself, it is {}", wrong.subject(), wrong.detail())
        },
    },
    Check {
        name: "A7",
        // A call is stale a minute after its deadline; the reaper has another minute.
        sql: "SELECT c.id AS subject, c.owner AS detail,
                    c.deadline_ms AS found, :now AS due
               FROM model_calls c WHERE c.state = 'held' AND c.deadline_ms < :now - 120000",
        tell: |wrong| {
            format!(
                "call {} of instance {}: it is open, its deadline was at {} and it is {}",
                wrong.subject(),
                wrong.detail(),
                wrong.found,
                wrong.due
            )
        },
    },
    Check {
        name: "A8",
        sql: "SELECT c.id AS subject, c.owner AS detail,
                    coalesce(i.lease_until_ms, 0) AS found, :now AS due
               FROM model_calls c LEFT JOIN instances i ON i.id = c.owner AND i.epoch = c.owner_epoch
              WHERE c.state = 'held' AND (i.id IS NULL OR i.lease_until_ms < :now - 60000)",
        tell: |wrong| {
            format!(
                "call {}: it is open and its owner {} is gone, whose lease was over at {} and it is {}",
                wrong.subject(),
                wrong.detail(),
                wrong.found,
                wrong.due
            )
        },
    },
];
