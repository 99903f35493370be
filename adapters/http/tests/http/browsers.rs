//! Scripts of other origins may call: with a key in a header, never with a cookie.

use crate::client::{Call, get, post};
use crate::hub::{ANN, Hub};
use crate::whole_answers::CHAT;

#[actix_web::test]
async fn a_preflight_allows_any_origin_without_credentials() {
    let hub = Hub::start().await;
    let asked = Call::new("OPTIONS", "/v1/chat/completions")
        .header("origin", "https://app.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,content-type")
        .send(hub.address)
        .await;
    assert_eq!(asked.status(), 204);
    assert_eq!(asked.header("access-control-allow-origin"), Some("*"));
    assert_eq!(asked.header("access-control-allow-methods"), Some("POST, OPTIONS"));
    assert!(asked.header("access-control-allow-headers").unwrap().contains("authorization"));
    assert_eq!(asked.header("access-control-allow-credentials"), None);
}

#[actix_web::test]
async fn answers_and_errors_may_be_read_by_any_origin() {
    let hub = Hub::start().await;
    let origin = |call: Call| call.header("origin", "https://app.example").send(hub.address);
    let answer = origin(post("/v1/chat/completions", CHAT).key(ANN)).await;
    let error = origin(post("/v1/chat/completions", "{}").key(ANN)).await;
    let unknown = origin(get("/no/such/path")).await;
    for answer in [answer, error, unknown] {
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        let exposed = answer.header("access-control-expose-headers").unwrap();
        for name in ["x-request-id", "x-aigne-hub-call-id", "retry-after", "idempotent-replay"] {
            assert!(exposed.contains(name), "{name}");
        }
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
}
