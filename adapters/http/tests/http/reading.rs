//! What callers read: models, their balance, their calls.

use std::sync::Arc;
use std::time::Duration;

use hub_domain::ids::{CallId, InstanceEpoch};
use hub_domain::ports::{Billing, CallLedger, NewCall, Served};
use hub_domain::quote::{Bound, HoldPolicy, Quote};
use hub_domain::vocabulary::CallType;
use serde_json::{Value, json};

use crate::client::get;
use crate::hub::{ANN, BOB, Hub};

async fn read(hub: &Hub, path: &str, key: &str) -> Value {
    let answer = get(path).key(key).send(hub.address).await;
    assert_eq!(answer.status(), 200, "{path}: {}", answer.text());
    answer.json()
}

/// Opens a call in Ann's name that holds nothing.
async fn open_call(hub: &Hub) -> CallId {
    let bound = Bound { input_tokens: 1, choices: 1, ..Bound::default() };
    let call = NewCall {
        id: CallId::new(),
        account: hub.ann.account,
        key: hub.ann.key,
        app_did: Some("@aigne/hub".into()),
        served: Served { provider: "sim".into(), model: "chat".into(), credential: None },
        call_type: CallType::ChatCompletion,
        stream: true,
        rate: None,
        billing: Billing::None,
        quote: Quote::free(bound, HoldPolicy::default()),
        by: InstanceEpoch { instance: Arc::from("here"), epoch: 1 },
        time_limit: Duration::from_secs(60),
        request_id: Some("job-7".into()),
        trace_id: None,
        claim: None,
    };
    let id = call.id;
    hub.memory.open(call).await.unwrap();
    id
}

#[actix_web::test]
async fn models_are_listed_where_a_call_of_them_would_be_admitted() {
    let hub = Hub::start().await;
    for path in ["/v1/models", "/api/v2/models"] {
        let models = read(&hub, path, ANN).await;
        assert_eq!(models["object"], "list");
        let ids: Vec<_> = models["data"].as_array().unwrap().iter().map(|model| &model["id"]).collect();
        assert_eq!(ids, ["sim/chat", "sim/vectors"], "the one without a price is not for sale");
    }
    let expected = json!({"id": "sim/chat", "object": "model", "created": 1_700_000_000, "owned_by": "sim"});
    for path in ["/v1/models/sim/chat", "/v1/models/sim%2Fchat", "/api/v2/models/sim/chat"] {
        assert_eq!(read(&hub, path, ANN).await, expected);
    }
    let anthropic = get("/v1/models/sim/chat").header("anthropic-version", "2023-06-01").key(ANN);
    let anthropic = anthropic.send(hub.address).await.json();
    assert_eq!((&anthropic["max_input_tokens"], &anthropic["max_tokens"]), (&json!(9_000), &json!(1_000)));
    let gemini = read(&hub, "/v1beta/models/sim/chat", ANN).await;
    assert_eq!((&gemini["inputTokenLimit"], &gemini["outputTokenLimit"]), (&json!(9_000), &json!(1_000)));
    let unknown = get("/v1/models/sim/none").key(ANN).send(hub.address).await;
    assert_eq!((unknown.status(), unknown.error_code().as_str()), (404, "model_not_found"));
}

#[actix_web::test]
async fn a_balance_comes_in_units_and_a_profile_in_credits() {
    let hub = Hub::start().await;
    let balance = read(&hub, "/api/user/credit/balance", ANN).await;
    let currency = json!({
        "id": "credit", "name": "Credit", "symbol": "credits", "decimal": 10, "maximum_precision": 10
    });
    assert_eq!(
        balance,
        json!({
            "balance": "1000000000000", "total": "1000000000000", "grantCount": 1, "pendingCredit": "0",
            "currency": currency
        })
    );
    let info = read(&hub, "/api/user/info", ANN).await;
    assert_eq!(info["user"]["did"], "z1AnnAnnAnnAnnAnnAnnAnnAnnAnnAnnAnn");
    assert_eq!(info["user"]["fullName"], "ann");
    assert_eq!(info["creditBalance"]["balance"], "100");
    assert_eq!((&info["enableCredit"], &info["currency"]), (&true.into(), &currency));
    let bob = read(&hub, "/api/user/info", BOB).await;
    assert_eq!(bob["creditBalance"]["balance"], "0");
}

#[actix_web::test]
async fn callers_see_their_own_calls_and_no_others() {
    let hub = Hub::start().await;
    let id = open_call(&hub).await.to_string();
    let page = read(&hub, "/api/user/model-calls", ANN).await;
    assert_eq!((&page["count"], &page["paging"]), (&1.into(), &json!({"page": 1, "pageSize": 50})));
    let call = &page["list"][0];
    assert_eq!(
        (&call["id"], &call["status"], &call["type"]),
        (&json!(id), &"processing".into(), &"chatCompletion".into())
    );
    assert_eq!((&call["requestId"], &call["appDid"]), (&"job-7".into(), &"@aigne/hub".into()));
    assert_eq!(call["userDid"], "z1AnnAnnAnnAnnAnnAnnAnnAnnAnnAnnAnn");
    assert_eq!(call["provider"]["name"], "sim");
    assert_eq!(read(&hub, &format!("/api/user/model-calls/{id}"), ANN).await["state"], "held");

    assert_eq!(read(&hub, "/api/user/model-calls", BOB).await["count"], 0);
    for path in [format!("/api/user/model-calls/{id}"), "/api/user/model-calls/none".to_owned()] {
        let foreign = get(&path).key(BOB).send(hub.address).await;
        assert_eq!((foreign.status(), foreign.error_code().as_str()), (404, "not_found"));
    }
    let all = get("/api/user/model-calls?allUsers=true").key(ANN).send(hub.address).await;
    assert_eq!((all.status(), all.error_code().as_str()), (403, "forbidden"));
}

#[actix_web::test]
async fn calls_are_filtered_and_a_bad_filter_is_named() {
    let hub = Hub::start().await;
    open_call(&hub).await;
    for (query, count) in [
        ("status=processing", 1),
        ("status=success", 0),
        ("model=cha", 1),
        ("model=other", 0),
        ("type=embedding", 0),
        ("appDid=%40aigne%2Fhub", 1),
        ("startTime=1&endTime=2", 0),
        ("pageSize=1000000000&page=-1", 1),
    ] {
        let page = read(&hub, &format!("/api/user/model-calls?{query}"), ANN).await;
        assert_eq!(page["count"], count, "{query}");
    }
    for (query, param) in [
        ("status=odd", "status"),
        ("type=odd", "type"),
        ("startTime=x", "startTime"),
        ("startTime=2&endTime=1", "endTime"),
    ] {
        let answer = get(&format!("/api/user/model-calls?{query}")).key(ANN).send(hub.address).await;
        assert_eq!(answer.status(), 400, "{query}");
        answer.error_code();
        assert_eq!(answer.json()["error"]["param"], param, "{query}");
    }
}

#[actix_web::test]
async fn the_models_that_are_called_most_are_counted() {
    let hub = Hub::start().await;
    open_call(&hub).await;
    open_call(&hub).await;
    // The store's clock stands in November 2025.
    let stats = read(&hub, "/api/user/usage-stats?startTime=1763900000&endTime=1764000000", ANN).await;
    let stats = &stats["modelStats"];
    assert_eq!(stats["totalModelCount"], 1);
    let most = &stats["list"][0];
    assert_eq!((&most["model"], &most["totalCalls"]), (&"chat".into(), &2.into()));
    assert_eq!((&most["provider"]["name"], &most["providerId"]), (&"sim".into(), &most["provider"]["id"]));
    let unbounded = get("/api/user/usage-stats?startTime=1").key(ANN).send(hub.address).await;
    assert_eq!((unbounded.status(), &unbounded.json()["error"]["param"]), (400, &"endTime".into()));
}

#[actix_web::test]
async fn while_the_database_is_away_readers_are_asked_to_come_back() {
    let hub = Hub::start().await;
    hub.memory.set_away(true);
    for path in ["/api/user/info", "/api/user/credit/balance", "/api/user/model-calls"] {
        let answer = get(path).key(ANN).send(hub.address).await;
        assert_eq!((answer.status(), answer.error_code().as_str()), (503, "storage_unavailable"), "{path}");
    }
}
