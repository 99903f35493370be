//! Calls and what was posted for them: each ended once, and paid what it says.

use super::check::{Check, credits};
use super::sums::number;

pub const CHECKS: &[Check] = &[
    Check {
        name: "A3",
        sql: concat!(
            "SELECT c.id AS subject, 'charge' AS detail,
                    ", number!("c.charge" AS "found"), ", ", number!("coalesce(t.amount, 0)" AS "due"), "
               FROM model_calls c LEFT JOIN transfers t ON t.call_id = c.id AND t.kind = 'charge'
              WHERE c.state = 'settled' AND c.billing = 'credit' AND c.charge <> coalesce(t.amount, 0)
             UNION ALL
             SELECT c.id, 'overrun',
                    ", number!("c.overrun" AS "found"), ", ", number!("coalesce(t.amount, 0)" AS "due"), "
               FROM model_calls c LEFT JOIN transfers t ON t.call_id = c.id AND t.kind = 'overrun'
              WHERE c.state = 'settled' AND c.billing = 'credit' AND c.overrun <> coalesce(t.amount, 0)"
        ),
        tell: |wrong| {
            format!(
                "call {}: its {} is {}, {} was posted",
                wrong.subject(),
                wrong.detail(),
                credits(wrong.found()),
                credits(wrong.due())
            )
        },
    },
    Check {
        name: "A3",
        sql: concat!(
            "SELECT c.id AS subject, NULL AS detail,
                    ", number!("c.charge" AS "found"), ", ", number!("c.hold" AS "due"), "
               FROM model_calls c WHERE c.billing = 'credit' AND c.charge > c.hold"
        ),
        tell: |wrong| {
            format!(
                "call {}: {} was charged, only {} was held",
                wrong.subject(),
                credits(wrong.found()),
                credits(wrong.due())
            )
        },
    },
    Check {
        name: "A3",
        sql: concat!(
            "SELECT c.id AS subject, c.state || ' call paid by ' || c.billing AS detail,
                    ", number!("c.charge" AS "found"), ", ", number!("c.overrun" AS "due"), "
               FROM model_calls c
              WHERE (c.state <> 'settled' OR c.billing = 'none') AND (c.charge <> 0 OR c.overrun <> 0)"
        ),
        tell: |wrong| {
            format!(
                "call {}: a {} costs nothing, and has a charge of {} and an overrun of {}",
                wrong.subject(),
                wrong.detail(),
                credits(wrong.found()),
                credits(wrong.due())
            )
        },
    },
    Check {
        name: "A4",
        sql: concat!(
            "WITH own AS (SELECT id, name FROM accounts WHERE kind = 'system'),
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
                    ", number!("amount" AS "found"), ", ", number!("coalesce(said, 0)" AS "due"), "
               FROM judged WHERE fault IS NOT NULL"
        ),
        tell: |wrong| {
            format!(
                "transfer {}: {} ({} was posted, the call has {})",
                wrong.subject(),
                wrong.detail(),
                credits(wrong.found()),
                credits(wrong.due())
            )
        },
    },
    Check {
        name: "A4",
        sql: concat!(
            "SELECT call_id AS subject, kind AS detail,
                    ", number!("count(*)" AS "found"), ", ", number!("1" AS "due"), "
               FROM transfers WHERE kind IN ('charge', 'overrun') AND call_id IS NOT NULL
              GROUP BY call_id, kind HAVING count(*) > 1"
        ),
        tell: |wrong| {
            format!(
                "call {}: its {} was posted {} times instead of {}",
                wrong.subject(),
                wrong.detail(),
                wrong.found(),
                wrong.due()
            )
        },
    },
    Check {
        name: "A4",
        sql: concat!(
            "SELECT t.id AS subject, coalesce(c.name, 'nobody') AS detail,
                    ", number!("t.amount" AS "found"), ", ", number!("0" AS "due"), "
               FROM transfers t
               LEFT JOIN accounts d ON d.id = t.debit LEFT JOIN accounts c ON c.id = t.credit
              WHERE t.kind = 'grant' AND (coalesce(d.name, '') <> 'sys:grants' OR coalesce(c.kind, '') <> 'user')"
        ),
        tell: |wrong| {
            format!(
                "transfer {}: a grant of {} to {} does not go from sys:grants to a user",
                wrong.subject(),
                credits(wrong.found()),
                wrong.detail()
            )
        },
    },
    Check {
        name: "A7",
        sql: concat!(
            "SELECT c.id AS subject,
                    c.state || ', ' || coalesce(c.outcome, 'without an outcome') || ', '
                      || CASE WHEN c.closed_ms IS NULL THEN 'not closed' ELSE 'closed' END AS detail,
                    ", number!("0" AS "found"), ", ", number!("0" AS "due"), "
               FROM model_calls c
              WHERE c.state NOT IN ('held', 'settled', 'voided')
                 OR (c.state = 'held') <> (c.closed_ms IS NULL) OR (c.state = 'held') <> (c.outcome IS NULL)"
        ),
        tell: |wrong| {
            format!("call {}: it contradicts itself, it is {}", wrong.subject(), wrong.detail())
        },
    },
    Check {
        name: "A7",
        // A call is stale a minute after its deadline; the reaper has another minute.
        sql: concat!(
            "SELECT c.id AS subject, c.owner AS detail,
                    ", number!("c.deadline_ms" AS "found"), ", ", number!(":now" AS "due"), "
               FROM model_calls c WHERE c.state = 'held' AND c.deadline_ms < :now - 120000"
        ),
        tell: |wrong| {
            format!(
                "call {} of instance {}: it is open, its deadline was at {} and it is {}",
                wrong.subject(),
                wrong.detail(),
                wrong.found(),
                wrong.due()
            )
        },
    },
    Check {
        name: "A8",
        sql: concat!(
            "SELECT c.id AS subject, c.owner AS detail,
                    ", number!("coalesce(i.lease_until_ms, 0)" AS "found"), ", ", number!(":now" AS "due"), "
               FROM model_calls c LEFT JOIN instances i ON i.id = c.owner AND i.epoch = c.owner_epoch
              WHERE c.state = 'held' AND (i.id IS NULL OR i.lease_until_ms < :now - 60000)"
        ),
        tell: |wrong| {
            format!(
                "call {}: it is open and its owner {} is gone, whose lease was over at {} and it is {}",
                wrong.subject(),
                wrong.detail(),
                wrong.found(),
                wrong.due()
            )
        },
    },
];
