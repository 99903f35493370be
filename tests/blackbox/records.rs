//! What a user sees of the own calls: pages, filters, statistics, balance and profile.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::kit::{Reply, USUAL, World, price, units};

on_both_databases! {
    records_come_in_pages_and_by_filters,
    records_of_others_are_not_seen,
    statistics_count_the_models,
    balance_and_profile_are_the_contracts,
    a_base_path_is_optional_to_clients,
    probes_and_status_need_no_key,
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

async fn records_come_in_pages_and_by_filters(world: &mut World) {
    world.upstream.script("down", [Reply::json(400, r#"{"error":{"message":"no"}}"#)]);
    let hub = world.start().await;
    let client = hub.client();
    for _ in 0..3 {
        client.chat("alpha").send().await.expect(200);
    }
    client.chat("beta").streamed().send().await.expect(200);
    client.chat("down").send().await.expect(400);
    hub.only_ended(5).await;
    let page = async |query: &str| {
        let answer = client.get(&format!("/api/user/model-calls?{query}")).send().await.expect(200);
        answer.json()
    };
    let first = page("pageSize=2").await;
    assert_eq!(first["count"], 5);
    assert_eq!(first["paging"], json!({ "page": 1, "pageSize": 2 }));
    let newest = &first["list"][0];
    assert_eq!((&newest["model"], &newest["status"]), (&json!("down"), &json!("failed")));
    assert_eq!((&newest["type"], &newest["provider"]["name"]), (&json!("chatCompletion"), &json!("fake")));
    let last = page("pageSize=2&page=3").await;
    assert_eq!(last["list"].as_array().unwrap().len(), 1);
    assert_eq!(page("status=failed").await["count"], 1);
    assert_eq!(page("status=success&model=alpha").await["count"], 3);
    assert_eq!(page("model=beta").await["list"][0]["metadata"]["stream"], true);
    assert_eq!(page(&format!("startTime={}", now() + 3600)).await["count"], 0);
    assert_eq!(page(&format!("startTime={}&endTime={}", now() - 3600, now() + 3600)).await["count"], 5);
    client.get("/api/user/model-calls?status=odd").send().await.expect(400);
    client.get("/api/user/model-calls?startTime=soon").send().await.expect(400);
}

async fn records_of_others_are_not_seen(world: &mut World) {
    let hub = world.start().await;
    let alice = hub.client().with_key(&world.account("alice", "10").await);
    let bob = hub.client().with_key(&world.account("bob", "10").await);
    let call = alice.chat("plain").send().await.expect(200).call_id();
    alice.get(&format!("/api/user/model-calls/{call}")).send().await.expect(200);
    bob.get(&format!("/api/user/model-calls/{call}")).send().await.expect(404);
    assert_eq!(bob.get("/api/user/model-calls").send().await.expect(200).json()["count"], 0);
    bob.get("/api/user/model-calls?allUsers=true").send().await.expect(403);
    // The bootstrap key is an owner's.
    let all = hub.client().get("/api/user/model-calls?allUsers=true").send().await.expect(200);
    assert_eq!(all.json()["count"], 1);
    alice.get("/api/user/model-calls/not-an-id").send().await.expect(404);
}

async fn statistics_count_the_models(world: &mut World) {
    let hub = world.start().await;
    for model in ["alpha", "beta", "alpha"] {
        hub.client().chat(model).send().await.expect(200);
    }
    let path = format!("/api/user/usage-stats?startTime={}&endTime={}", now() - 3600, now() + 3600);
    let stats = hub.client().get(&path).send().await.expect(200).json();
    let models = &stats["modelStats"];
    assert_eq!(models["totalModelCount"], 2);
    assert_eq!((&models["list"][0]["model"], &models["list"][0]["totalCalls"]), (&json!("alpha"), &json!(2)));
    hub.client().get("/api/user/usage-stats").send().await.expect(400);
}

async fn balance_and_profile_are_the_contracts(world: &mut World) {
    let hub = world.start().await;
    hub.client().chat("plain").send().await.expect(200);
    let left = units("1000") - price(USUAL);
    let balance = hub.client().get("/api/user/credit/balance").send().await.expect(200).json();
    let currency = json!({
        "id": "credit", "name": "Credit", "symbol": "credits", "decimal": 10, "maximum_precision": 10,
    });
    assert_eq!(balance["balance"], left.to_string());
    assert_eq!((&balance["total"], &balance["grantCount"]), (&json!("10000000000000"), &json!(1)));
    assert_eq!((&balance["pendingCredit"], &balance["currency"]), (&json!("0"), &currency));
    let info = hub.client().get("/api/user/info").send().await.expect(200).json();
    assert_eq!((&info["user"]["fullName"], &info["enableCredit"]), (&json!("bootstrap"), &json!(true)));
    assert_eq!(units(info["creditBalance"]["balance"].as_str().unwrap()), left);
}

async fn a_base_path_is_optional_to_clients(world: &mut World) {
    world.set("HUB__SERVER__BASE_PATH", "/team/ai-hub");
    let hub = world.start().await;
    for client in [hub.client(), hub.client().under("/team/ai-hub")] {
        client.get("/healthz").send().await.expect(200);
        client.get("/v1/models").send().await.expect(200);
        client.chat("plain").send().await.expect(200);
        client.chat_at("/api/v2/chat/completions", "plain").send().await.expect(200);
    }
    hub.client().under("/team").get("/healthz").send().await.expect(404);
}

async fn probes_and_status_need_no_key(world: &mut World) {
    let hub = world.start().await;
    let nobody = hub.client().without_key();
    nobody.get("/healthz").send().await.expect(200);
    nobody.get("/readyz").send().await.expect(200);
    nobody.get("/metrics").send().await.expect(200);
    assert_eq!(nobody.get("/api/v2/status").send().await.expect(200).json(), json!({ "available": true }));
    let poor = nobody.with_key(&world.account("poor", "0").await);
    let status: Value = poor.get("/api/v2/status?model=fake/plain").send().await.expect(200).json();
    assert_eq!((&status["available"], &status["code"]), (&json!(false), &json!(402)));
    let unknown = nobody.get("/api/v2/status?model=fake/..").send().await.expect(200).json();
    assert_eq!(unknown["available"], false);
}
