//! The outbox and reports: each charge is reported once, as it was charged.

use super::check::{Check, credits};

pub const CHECKS: &[Check] = &[
    Check {
        name: "A9",
        sql: "SELECT c.id AS subject,
                    CASE WHEN o.dedupe_key IS NULL THEN 'neither in the outbox nor in a report'
                         ELSE 'in the outbox and in a report' END AS detail,
                    c.charge AS found, CAST(0 AS BIGINT) AS due
               FROM model_calls c
               LEFT JOIN outbox o ON o.dedupe_key = c.id
               LEFT JOIN meter_report_items i ON i.call_id = c.id
              WHERE c.billing = 'credit' AND c.state = 'settled' AND c.charge > 0
                AND (o.dedupe_key IS NULL) = (i.call_id IS NULL)",
        tell: |wrong| {
            format!(
                "call {}: its charge of {} is {}",
                wrong.subject(),
                credits(wrong.found),
                wrong.detail()
            )
        },
    },
    Check {
        name: "A10",
        sql: "WITH said AS (SELECT o.dedupe_key AS call_id, o.account_id, o.amount, 'outbox' AS place FROM outbox o
                           UNION ALL
                           SELECT i.call_id, r.account_id, i.amount, 'report ' || r.identifier
                             FROM meter_report_items i LEFT JOIN meter_reports r ON r.id = i.report_id)
             SELECT s.call_id AS subject,
                    coalesce(s.place, 'report that does not exist')
                      || CASE WHEN c.id IS NULL THEN ' (there is no such call)'
                              WHEN s.account_id <> c.account_id THEN ' (for another account)'
                              ELSE '' END AS detail,
                    s.amount AS found, coalesce(c.charge, 0) AS due
               FROM said s LEFT JOIN model_calls c ON c.id = s.call_id
              WHERE c.id IS NULL OR s.place IS NULL OR c.state <> 'settled' OR c.billing <> 'credit'
                 OR s.amount <> c.charge OR s.account_id <> c.account_id",
        tell: |wrong| {
            format!(
                "call {}: {} stands in the {}, the call was charged {}",
                wrong.subject(),
                credits(wrong.found),
                wrong.detail(),
                credits(wrong.due)
            )
        },
    },
    Check {
        name: "A14",
        sql: "SELECT r.id AS subject, r.identifier || ' is ' || r.state AS detail,
                    CASE WHEN r.state = 'sending' THEN r.claim_until_ms ELSE r.created_ms END AS found,
                    :now AS due
               FROM meter_reports r
              WHERE (r.state = 'sending' AND r.claim_until_ms < :now - 60000)
                 OR (r.state IN ('pending', 'sending') AND r.created_ms < :now - 86400000)
                 OR r.state = 'parked'",
        tell: |wrong| {
            format!(
                "report {}: {} and stuck since {}, it is {}",
                wrong.subject(),
                wrong.detail(),
                wrong.found,
                wrong.due
            )
        },
    },
    Check {
        name: "A15",
        sql: "WITH chain AS (SELECT id, identifier, carry_in,
                                   coalesce(lag(carry_out) OVER (PARTITION BY account_id ORDER BY created_ms, id), 0)
                                     AS carried
                              FROM meter_reports)
             SELECT id AS subject, identifier AS detail,
                    carry_in AS found, carried AS due
               FROM chain WHERE carry_in <> carried",
        tell: |wrong| {
            format!(
                "report {} ({}): it carries in {}, the one before carried out {}",
                wrong.subject(),
                wrong.detail(),
                credits(wrong.found),
                credits(wrong.due)
            )
        },
    },
];
