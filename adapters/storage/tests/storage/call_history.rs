//! Records of calls: filters together, pages to the end, and that an owner's question is answered along
//! its index.

use std::sync::Arc;
use std::time::Duration;

use hub_domain::ids::CallId;
use hub_domain::meter::Meter;
use hub_domain::ports::contract::Stage;
use hub_domain::ports::{
    CallFilter, CallHistory, CallStatus, Closing, NewCall, Scope, Served, Timings, UnixMillis,
};
use hub_domain::usage::{Quantities, Usage};
use hub_domain::vocabulary::CallType;

use crate::by_hand::Hand;
use crate::database::Database;
use crate::on_both_databases;

on_both_databases! {
    filters_narrow_each_other,
    what_is_sought_is_a_text_whatever_its_case,
    a_call_is_found_by_a_part_of_its_id,
    pages_show_each_record_once,
    an_open_call_is_processing,
    an_old_record_is_found_by_its_time,
    a_text_that_no_database_takes_is_recorded_all_the_same,
    an_owners_question_is_answered_along_its_index,
}

fn everything() -> CallFilter {
    CallFilter { limit: 100, ..CallFilter::default() }
}

fn usage() -> Usage {
    let quantities = Quantities::default().with(Meter::Input, 1).with(Meter::Output, 1);
    Usage { quantities, ..Usage::default() }
}

fn of_model(stage: &Stage<'_>, model: &str) -> NewCall {
    let call = stage.call(9, Some(9));
    let served = Served { model: Arc::from(model), ..call.served.clone() };
    NewCall { served, ..call }
}

async fn ids(database: &Database, filter: &CallFilter) -> Vec<CallId> {
    let page = database.store.page(Scope::All, filter).await.unwrap();
    assert_eq!(usize::try_from(page.total).unwrap(), page.records.len());
    page.records.into_iter().map(|record| record.id).collect()
}

async fn filters_narrow_each_other(database: &Database) {
    let stage = Stage::set(database, 10_000).await;
    let call = |model: &str, app: &str, call_type| NewCall {
        app_did: Some(app.to_owned()),
        call_type,
        ..of_model(&stage, model)
    };
    let calls = [
        call("gpt-small", "app-1", CallType::ChatCompletion),
        call("gpt-small", "app-2", CallType::ChatCompletion),
        call("gpt-large", "app-1", CallType::ChatCompletion),
        call("gpt-small", "app-1", CallType::Embedding),
    ];
    for (call, duration_ms) in calls.iter().zip([100, 200, 300, 400]) {
        let held = stage.open(call).await;
        let timings = Timings { duration_ms, ..Timings::default() };
        stage.close(Closing { timings, ..stage.settlement(call, held, usage()) }).await;
    }
    let small = CallFilter { model: Some("small".to_owned()), ..everything() };
    let of_app = CallFilter { app_did: Some("app-1".to_owned()), ..small.clone() };
    let chats = CallFilter { call_type: Some(CallType::ChatCompletion), ..of_app.clone() };
    let slow = CallFilter { min_duration_ms: Some(101), ..of_app.clone() };
    let sought = CallFilter { search: Some("GPT".to_owned()), ..chats.clone() };
    let all = CallFilter {
        from: Some(UnixMillis(0)),
        to: Some(UnixMillis(i64::MAX)),
        provider: Some("contract".to_owned()),
        status: Some(CallStatus::Success),
        ..sought.clone()
    };

    assert_eq!(ids(database, &small).await, [calls[3].id, calls[1].id, calls[0].id]);
    assert_eq!(ids(database, &of_app).await, [calls[3].id, calls[0].id]);
    assert_eq!(ids(database, &chats).await, [calls[0].id]);
    assert_eq!(ids(database, &slow).await, [calls[3].id]);
    assert_eq!(ids(database, &sought).await, [calls[0].id]);
    assert_eq!(ids(database, &all).await, [calls[0].id]);
    assert_eq!(ids(database, &CallFilter { status: Some(CallStatus::Failed), ..all }).await, []);
}

async fn what_is_sought_is_a_text_whatever_its_case(database: &Database) {
    let stage = Stage::set(database, 10_000).await;
    let models = ["Under_Score", "UnderXScore", "back\\slash", "per%cent"];
    let calls = models.map(|model| of_model(&stage, model));
    for call in &calls {
        stage.run(call, usage()).await;
    }
    let by_model = |part: &str| CallFilter { model: Some(part.to_owned()), ..everything() };
    let by_search = |part: &str| CallFilter { search: Some(part.to_owned()), ..everything() };

    assert_eq!(ids(database, &by_model("UNDER_")).await, [calls[0].id]);
    assert_eq!(ids(database, &by_search("under_s")).await, [calls[0].id]);
    assert_eq!(ids(database, &by_model("k\\S")).await, [calls[2].id]);
    assert_eq!(ids(database, &by_search("r%c")).await, [calls[3].id]);
    assert_eq!(ids(database, &by_search("under")).await, [calls[1].id, calls[0].id]);
    assert_eq!(ids(database, &by_search("' OR 1=1 --")).await, []);
}

async fn a_call_is_found_by_a_part_of_its_id(database: &Database) {
    let stage = Stage::set(database, 10_000).await;
    let (one, other) = (stage.call(9, Some(9)), stage.call(9, Some(9)));
    stage.run(&one, usage()).await;
    stage.run(&other, usage()).await;
    let id = one.id.to_string();
    let by_search = |part: &str| CallFilter { search: Some(part.to_owned()), ..everything() };

    assert_eq!(ids(database, &by_search(&id)).await, [one.id]);
    assert_eq!(ids(database, &by_search(&id[20..])).await, [one.id], "the end, with a hyphen");
    assert_eq!(ids(database, &by_search(&id.to_uppercase())).await, [one.id]);
    assert_eq!(ids(database, &by_search(&id.replace('-', ""))).await, [one.id]);
}

async fn pages_show_each_record_once(database: &Database) {
    let stage = Stage::set(database, 10_000).await;
    let other = Stage::set(database, 10_000).await;
    let mut calls = Vec::new();
    for _ in 0..23 {
        calls.push(stage.call(1, Some(1)));
        stage.run(calls.last().unwrap(), usage()).await;
        other.run(&other.call(1, Some(1)), usage()).await;
    }
    let scope = Scope::Account(stage.account.id);
    let mut seen = Vec::new();
    for offset in [0, 10, 20, 30] {
        let filter = CallFilter { offset, limit: 10, ..CallFilter::default() };
        let page = database.store.page(scope, &filter).await.unwrap();
        assert_eq!(page.total, 23, "also behind the last page");
        seen.extend(page.records.into_iter().map(|record| record.id));
    }

    let newest_first: Vec<_> = calls.iter().rev().map(|call| call.id).collect();
    assert_eq!(seen, newest_first);
    let absurd = CallFilter { offset: u64::MAX, limit: u32::MAX, ..CallFilter::default() };
    assert_eq!(database.store.page(scope, &absurd).await.unwrap().records.len(), 0);
    assert_eq!(database.store.page(Scope::All, &everything()).await.unwrap().total, 46);
}

async fn an_open_call_is_processing(database: &Database) {
    let stage = Stage::set(database, 10_000).await;
    let call = stage.call(100, Some(100));
    stage.open(&call).await;
    let processing = CallFilter { status: Some(CallStatus::Processing), ..everything() };
    assert_eq!(ids(database, &processing).await, [call.id]);

    let record = stage.record(&call).await.unwrap();
    assert_eq!((record.status, record.state.as_str()), (CallStatus::Processing, "held"));
    assert_eq!((record.hold.units(), record.charge.units(), record.rate_version), (200, 0, Some(1)));
    assert_eq!((record.usage, record.closed, record.attempts.len()), (None, None, 0));
    stage.close(stage.void(&call)).await;
    assert_eq!(ids(database, &processing).await, []);
}

async fn an_old_record_is_found_by_its_time(database: &Database) {
    const WEEK: i64 = 7 * 24 * 60 * 60 * 1000;
    let stage = Stage::set(database, 10_000).await;
    let now = stage.call(9, Some(9));
    let week_ago = CallId(uuid::Uuid::from_u128(now.id.0.as_u128() - (u128::try_from(WEEK).unwrap() << 80)));
    let old = NewCall { id: week_ago, ..stage.call(9, Some(9)) };
    stage.run(&now, usage()).await;
    stage.run(&old, usage()).await;
    let id = database.hand.id(old.id.0);
    let back = format!("UPDATE model_calls SET accepted_ms = accepted_ms - {WEEK} WHERE id = {id}");
    database.hand.run(&back).await;

    let accepted = stage.record(&old).await.unwrap().accepted;
    let around = |filter: CallFilter| CallFilter {
        from: Some(UnixMillis(accepted.0 - 1_000)),
        to: Some(accepted.plus(Duration::from_secs(1))),
        ..filter
    };
    assert_eq!(ids(database, &around(everything())).await, [old.id]);
    let since = CallFilter { from: Some(accepted.plus(Duration::from_secs(1))), ..everything() };
    assert_eq!(ids(database, &since).await, [now.id]);
    let (most, models) = database
        .store
        .most_used(Scope::All, UnixMillis(accepted.0 - 1_000), accepted.plus(Duration::from_secs(1)), 5)
        .await
        .unwrap();
    assert_eq!((most[0].calls, models), (1, 1));
}

/// PostgreSQL takes no NUL in a text. A client or an upstream that sends one must not keep a call from
/// being settled.
async fn a_text_that_no_database_takes_is_recorded_all_the_same(database: &Database) {
    let stage = Stage::set(database, 10_000).await;
    let nul = || Some("a\0b".to_owned());
    let call = NewCall { app_did: nul(), request_id: nul(), ..stage.call(9, Some(9)) };
    let held = stage.open(&call).await;
    let settlement = stage.settlement(&call, held, usage());
    stage
        .close(Closing {
            finish_reason: nul(),
            upstream_id: nul(),
            reason: nul(),
            error: nul(),
            ..settlement
        })
        .await;

    let record = stage.record(&call).await.unwrap();
    assert_eq!((record.state.as_str(), record.charge.units()), ("settled", 2));
    assert!(record.finish_reason.unwrap().starts_with('a'));
    let by_nul = CallFilter { search: nul(), model: nul(), app_did: nul(), provider: nul(), ..everything() };
    assert_eq!(ids(database, &by_nul).await, []);
}

async fn an_owners_question_is_answered_along_its_index(database: &Database) {
    let stage = Stage::set(database, 10_000).await;
    for _ in 0..20 {
        stage.run(&stage.call(1, Some(1)), usage()).await;
    }
    let account = database.hand.id(stage.account.id.0);
    let lowest = database.hand.id(uuid::Uuid::nil());
    let highest = database.hand.id(uuid::Uuid::max());
    // As `page` asks.
    let query = format!(
        "SELECT model_calls.id FROM model_calls
          INNER JOIN accounts ON accounts.id = model_calls.account_id
          LEFT JOIN rates ON model_calls.rate_id = rates.id
          WHERE model_calls.id BETWEEN {lowest} AND {highest} AND model_calls.account_id = {account}
          ORDER BY model_calls.id DESC LIMIT 10"
    );
    let plan = match &database.hand {
        Hand::Sqlite(_) => database.hand.plan(&query).await,
        Hand::Postgres(_) => {
            // Of few rows it would read the whole table.
            let sql = format!("SET enable_seqscan = off; SET enable_bitmapscan = off; EXPLAIN {query}");
            database.hand.ask(&sql).await.into_iter().flatten().collect::<Vec<_>>().join("\n")
        }
    };

    assert!(plan.contains("model_calls_of_account"), "{plan}");
    assert!(!plan.contains("TEMP B-TREE") && !plan.contains("Sort"), "{plan}");
}
