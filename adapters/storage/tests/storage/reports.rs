//! The views for reports: on both databases the same exact decimals from the same rows.

use uuid::Uuid;

use crate::by_hand::Hand;
use crate::database::Database;

/// Writes the same rows by hand: a balance of the largest amount, one below zero, calls whose charges
/// together leave 64 bits, and one that is open.
async fn write_rows(hand: &Hand) {
    let id = |number: u128| hand.id(Uuid::from_u128(0x0193_5a5a_0000_7000_8000_0000_0000_0000 + number));
    let (rich, poor) = (id(1), id(2));
    let call = |number, account: &str, outcome: &str, charge: i64, accepted: i64| {
        let (state, closed) = match outcome {
            "NULL" => ("'held'", "NULL".to_owned()),
            _ => ("'settled'", (accepted + 1_500).to_string()),
        };
        format!(
            "({}, {account}, 'openai', 'demo', 'chatCompletion', {}, 'credit', {state}, {outcome}, {charge},
              {charge}, 12, 'hub', 1, {accepted}, 0, {closed})",
            id(number),
            match hand {
                Hand::Sqlite(_) => "1",
                Hand::Postgres(_) => "true",
            }
        )
    };
    let max = i64::MAX;
    let grants = hand.id(Uuid::from_u128(1));
    let revenue = hand.id(Uuid::from_u128(2));
    hand.force(&format!(
        "INSERT INTO accounts (id, name, did, kind, posted, held, created_ms) VALUES
           ({rich}, 'rich', 'did:abt:z1', 'user', {max}, 1, 1763942430123),
           ({poor}, 'poor', NULL, 'user', -15000000001, 5, 1763942430999);
         INSERT INTO model_calls (id, account_id, provider, model, call_type, stream, billing, state, outcome,
                                  hold, charge, overrun, owner, owner_epoch, accepted_ms, deadline_ms, closed_ms)
         VALUES {}, {}, {}, {};
         INSERT INTO transfers (id, kind, debit, credit, amount, call_id, idem_key, created_ms) VALUES
           ({}, 'grant', {grants}, {rich}, {max}, NULL, 'key', 1763942430123),
           ({}, 'charge', {rich}, {revenue}, 1, {}, NULL, 1763942430124);",
        call(11, &rich, "'success'", max, 1_763_942_399_999),
        call(12, &rich, "'success'", max, 1_763_942_399_998),
        call(13, &rich, "'failed'", 1, 1_763_942_400_000),
        call(14, &poor, "NULL", 0, 1_763_942_400_000),
        id(21),
        id(22),
        id(11),
    ))
    .await;
}

/// The rows of a view, columns divided by `|`.
async fn rows(hand: &Hand, view: &str, columns: &[&str]) -> Vec<String> {
    let column = |name: &&str| match (hand, *name) {
        (Hand::Postgres(_), instant) if instant.ends_with("_at") => format!(
            "coalesce(to_char({instant} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), '-')"
        ),
        _ => format!("coalesce(CAST({name} AS text), '-')"),
    };
    let columns: Vec<_> = columns.iter().map(column).collect();
    let sql = format!("SELECT {} FROM {view} ORDER BY 1", columns.join(" || '|' || "));
    hand.ask(&sql).await.into_iter().map(Option::unwrap).collect()
}

async fn are_exact(database: &Database) {
    let hand = &database.hand;
    write_rows(hand).await;
    const ID: &str = "01935a5a-0000-7000-8000-0000000000";

    let accounts = ["account_id", "name", "did", "posted", "held", "available", "created_at"];
    assert_eq!(
        rows(hand, "report_accounts", &accounts).await,
        [
            format!(
                "{ID}01|rich|did:abt:z1|922337203.6854775807|0.0000000001|922337203.6854775806|2025-11-24T00:00:30.123Z"
            ),
            format!("{ID}02|poor|-|-1.5000000001|0.0000000005|-1.5000000006|2025-11-24T00:00:30.999Z"),
        ]
    );
    let calls = [
        "call_id",
        "account_id",
        "account_name",
        "status",
        "hold",
        "credits",
        "overrun",
        "accepted_at",
        "closed_at",
    ];
    assert_eq!(
        rows(hand, "report_calls", &calls).await,
        [
            format!(
                "{ID}0b|{ID}01|rich|success|922337203.6854775807|922337203.6854775807|0.0000000012|2025-11-23T23:59:59.999Z|2025-11-24T00:00:01.499Z"
            ),
            format!(
                "{ID}0c|{ID}01|rich|success|922337203.6854775807|922337203.6854775807|0.0000000012|2025-11-23T23:59:59.998Z|2025-11-24T00:00:01.498Z"
            ),
            format!(
                "{ID}0d|{ID}01|rich|failed|0.0000000001|0.0000000001|0.0000000012|2025-11-24T00:00:00.000Z|2025-11-24T00:00:01.500Z"
            ),
            format!(
                "{ID}0e|{ID}02|poor|processing|0.0000000000|0.0000000000|0.0000000012|2025-11-24T00:00:00.000Z|-"
            ),
        ]
    );
    let daily = [
        "day",
        "account_id",
        "provider",
        "model",
        "call_type",
        "calls",
        "succeeded",
        "failed",
        "credits",
        "overrun",
    ];
    assert_eq!(
        rows(hand, "report_usage_daily", &daily).await,
        [
            format!("2025-11-23|{ID}01|openai|demo|chatCompletion|2|2|0|1844674407.3709551614|0.0000000024"),
            format!("2025-11-24|{ID}01|openai|demo|chatCompletion|1|0|1|0.0000000001|0.0000000012"),
            format!("2025-11-24|{ID}02|openai|demo|chatCompletion|1|0|0|0.0000000000|0.0000000012"),
        ]
    );
    let transfers = ["transfer_id", "kind", "debit", "credit", "amount", "call_id", "created_at"];
    assert_eq!(
        rows(hand, "report_transfers", &transfers).await,
        [
            format!("{ID}15|grant|sys:grants|rich|922337203.6854775807|-|2025-11-24T00:00:30.123Z"),
            format!("{ID}16|charge|rich|sys:revenue|0.0000000001|{ID}0b|2025-11-24T00:00:30.124Z"),
        ]
    );
}

crate::on_both_databases! {
    are_exact,
}

/// Both databases have the same tables, columns and views.
#[tokio::test(flavor = "multi_thread")]
async fn both_databases_have_the_same_columns() {
    let (sqlite, postgres) = (Database::sqlite().await, Database::postgres().await);
    let of_sqlite = sqlite
        .hand
        .ask(
            "SELECT m.name || '.' || c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c
              WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite%' AND m.name NOT LIKE '\\_\\_%' ESCAPE '\\'
              ORDER BY 1",
        )
        .await;
    let of_postgres = postgres
        .hand
        .ask(
            "SELECT table_name || '.' || column_name FROM information_schema.columns
              WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_%'
              ORDER BY (table_name || '.' || column_name) COLLATE \"C\"",
        )
        .await;

    assert_eq!(of_sqlite, of_postgres);
    assert!(of_sqlite.len() > 100, "{of_sqlite:?}");
}
