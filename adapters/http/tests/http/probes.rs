//! What orchestrators and monitoring ask.

use crate::client::get;
use crate::hub::{ANN, Hub};

#[actix_web::test]
async fn probes_tell_life_from_readiness() {
    let hub = Hub::start().await;
    assert_eq!(get("/healthz").send(hub.address).await.status(), 200);
    assert_eq!(get("/readyz").send(hub.address).await.status(), 200);
    hub.gate.shut();
    assert_eq!(get("/healthz").send(hub.address).await.status(), 200);
    let not_ready = get("/readyz").send(hub.address).await;
    assert_eq!((not_ready.status(), not_ready.header("retry-after")), (503, Some("2")));
    assert_eq!(not_ready.json()["reason"], "the database is away");
}

#[actix_web::test]
async fn metrics_are_the_observers_text() {
    let hub = Hub::start().await;
    let metrics = get("/metrics").send(hub.address).await;
    assert_eq!((metrics.status(), metrics.text()), (200, "hub_up 1\n"));
    assert!(metrics.header("content-type").unwrap().starts_with("text/plain; version=0.0.4"));
}

#[actix_web::test]
async fn the_status_says_whether_a_call_would_be_admitted() {
    let hub = Hub::start().await;
    for path in ["/api/v2/status", "/api/v2/status?model=sim/chat", "/api/v2/status?model=vectors"] {
        for call in [get(path), get(path).key(ANN), get(path).key("nobody-knows-this-key")] {
            let status = call.send(hub.address).await;
            assert_eq!((status.status(), status.text()), (200, r#"{"available":true}"#), "{path}");
        }
    }
    for (path, code) in [("/api/v2/status?model=sim/none", 404), ("/api/v2/status?model=sim/unpriced", 400)] {
        let status = get(path).send(hub.address).await;
        assert_eq!(status.status(), 200);
        assert_eq!((&status.json()["available"], &status.json()["code"]), (&false.into(), &code.into()));
    }
    hub.gate.shut();
    assert_eq!(get("/api/v2/status").send(hub.address).await.json()["code"], 503);
}

#[actix_web::test]
async fn the_status_of_an_account_without_credits_is_402() {
    let hub = Hub::with(|settings| settings.payment_link = Some("https://pay.example".into())).await;
    let status = get("/api/v2/status").key(crate::hub::BOB).send(hub.address).await;
    let json = status.json();
    assert_eq!((status.status(), &json["code"], &json["type"]), (200, &402.into(), &"NOT_ENOUGH".into()));
    assert_eq!(json["link"], "https://pay.example");
}
