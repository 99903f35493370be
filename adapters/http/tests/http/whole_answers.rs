//! Answers in one piece.

use hub_domain::error::{CallError, ProviderError, UpstreamClass};
use serde_json::{Value, json};

use crate::client::{get, post};
use crate::hub::{ANN, Hub};
use crate::runner::{COST, Script};

pub const CHAT: &str = r#"{"model":"sim/chat","messages":[{"role":"user","content":"hi"}]}"#;

pub fn upstream(class: UpstreamClass) -> CallError {
    CallError::Upstream(ProviderError {
        class,
        status: Some(500),
        code: None,
        param: None,
        message: "the upstream is out of order".into(),
        retry_after: None,
        maybe_executed: true,
    })
}

#[actix_web::test]
async fn a_chat_call_is_answered_as_openai_does_and_shows_what_it_cost() {
    let hub = Hub::start().await;
    for path in ["/v1/chat/completions", "/api/v2/chat/completions"] {
        let answer = post(path, CHAT).key(ANN).send(hub.address).await;
        assert_eq!(answer.status(), 200, "{}", answer.text());
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let json = answer.json();
        assert_eq!(json["object"], "chat.completion");
        assert_eq!(json["choices"][0]["message"]["content"], "Hello, world");
        assert_eq!(json["choices"][0]["finish_reason"], "stop");
        assert_eq!(json["usage"]["total_tokens"], 10);
        let call = hub.runner.arrived().pop().unwrap().id.to_string();
        assert_eq!(json["usage"]["modelCallId"], call.as_str());
        assert_eq!(answer.header("x-aigne-hub-call-id"), Some(call.as_str()));
        assert!(answer.text().contains(&format!("\"aigneHubCredits\":{COST}")), "{}", answer.text());
    }
}

#[actix_web::test]
async fn under_api_an_answer_also_has_what_older_clients_read() {
    let hub = Hub::start().await;
    let old = post("/api/v2/chat/completions", CHAT).key(ANN).send(hub.address).await.json();
    assert_eq!([&old["role"], &old["text"], &old["content"]], ["assistant", "Hello, world", "Hello, world"]);
    let new = post("/v1/chat/completions", CHAT).key(ANN).send(hub.address).await.json();
    assert_eq!([&new["role"], &new["text"], &new["content"]], [&Value::Null; 3]);
}

#[actix_web::test]
async fn vectors_come_in_the_order_of_their_texts() {
    let hub = Hub::start().await;
    for path in ["/v1/embeddings", "/api/v2/embeddings"] {
        let body = r#"{"model":"sim/vectors","input":["a","b"]}"#;
        let answer = post(path, body).key(ANN).send(hub.address).await;
        assert_eq!(answer.status(), 200, "{}", answer.text());
        let json = answer.json();
        assert_eq!(json["object"], "list");
        assert_eq!(json["data"][1]["index"], 1);
        assert_eq!(json["data"][0]["embedding"], json!([0.5, -0.25]));
        assert!(answer.text().contains(&format!("\"aigneHubCredits\":{COST}")));
    }
}

#[actix_web::test]
async fn what_stands_in_the_head_reaches_the_call() {
    let hub = Hub::start().await;
    let traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let call = post("/v1/chat/completions", CHAT)
        .key(ANN)
        .header("x-request-id", "job-7")
        .header("traceparent", traceparent)
        .header("x-aigne-hub-client-did", "%40aigne%2Fhub");
    let answer = call.send(hub.address).await;
    assert_eq!(answer.header("x-request-id"), Some("job-7"));
    let arrived = hub.runner.arrived().pop().unwrap();
    assert_eq!(arrived.request_id, "job-7");
    assert_eq!(arrived.traceparent.as_deref(), Some(traceparent));
    assert_eq!(arrived.app_did.as_deref(), Some("@aigne/hub"));
    assert_eq!(&arrived.request.source.unwrap().body[..], CHAT.as_bytes());
}

#[actix_web::test]
async fn a_call_that_failed_upstream_has_its_status_and_its_id() {
    let hub = Hub::start().await;
    for (class, status) in [
        (UpstreamClass::Server, 502),
        (UpstreamClass::Authentication, 502),
        (UpstreamClass::RateLimited, 429),
        (UpstreamClass::Timeout, 504),
        (UpstreamClass::InvalidRequest, 400),
    ] {
        hub.runner.plays(Script::FailsUpstream(upstream(class)));
        let answer = post("/v1/chat/completions", CHAT).key(ANN).send(hub.address).await;
        answer.error_code();
        assert_eq!(answer.status(), status, "{class:?}");
        let call = hub.runner.arrived().pop().unwrap().id.to_string();
        assert_eq!(answer.header("x-aigne-hub-call-id"), Some(call.as_str()));
    }
}

#[actix_web::test]
async fn an_answer_that_breaks_off_is_an_error_and_no_half_answer() {
    let hub = Hub::start().await;
    hub.runner.plays(Script::BreaksOff(upstream(UpstreamClass::Transport)));
    let answer = post("/v1/chat/completions", CHAT).key(ANN).send(hub.address).await;
    assert_eq!(answer.status(), 502);
    answer.error_code();
    assert!(answer.header("x-aigne-hub-call-id").is_some());
    assert!(!answer.text().contains("Hel\""));

    hub.runner.plays(Script::SaysNothing);
    let answer = post("/v1/chat/completions", CHAT).key(ANN).send(hub.address).await;
    assert_eq!((answer.status(), answer.error_code().as_str()), (500, "internal_error"));
    assert!(!answer.text().contains("receipt"), "the detail is for the log");
}

#[actix_web::test]
async fn who_cannot_pay_is_told_what_is_missing() {
    let hub = Hub::start().await;
    let (balance, needed) = ("0.5".parse().unwrap(), "0.75".parse().unwrap());
    let link = Some("https://pay.example/top-up".to_owned());
    hub.runner.plays(Script::Refuses(CallError::InsufficientCredits { balance, needed, link }));
    for (path, kind) in
        [("/v1/chat/completions", "insufficient_quota"), ("/api/v2/chat/completions", "NOT_ENOUGH")]
    {
        let answer = post(path, CHAT).key(ANN).send(hub.address).await;
        assert_eq!((answer.status(), answer.error_code().as_str()), (402, "insufficient_credits"));
        let error = &answer.json()["error"];
        assert_eq!(error["type"], kind);
        assert_eq!((&error["balance"], &error["needed"]), (&json!("0.5"), &json!("0.75")));
        assert_eq!(error["link"], "https://pay.example/top-up");
        assert_eq!(answer.header("retry-after"), None);
        assert_eq!(answer.header("x-should-retry"), Some("false"));
    }
}

#[actix_web::test]
async fn every_route_answers_with_the_base_path_and_without_it() {
    let hub = Hub::with(|settings| settings.base_path = "/ai-kit".parse().unwrap()).await;
    for prefix in ["", "/ai-kit"] {
        let chat = post(&format!("{prefix}/v1/chat/completions"), CHAT).key(ANN).send(hub.address).await;
        assert_eq!(chat.status(), 200);
        let models = get(&format!("{prefix}/api/v2/models")).key(ANN).send(hub.address).await;
        assert_eq!(models.status(), 200);
    }
    let other = post("/other/v1/chat/completions", CHAT).key(ANN).send(hub.address).await;
    assert_eq!((other.status(), other.error_code().as_str()), (404, "unknown_url"));
}

#[actix_web::test]
async fn an_answer_is_told_to_the_observer_by_its_route() {
    let hub = Hub::start().await;
    post("/v1/chat/completions", CHAT).key(ANN).send(hub.address).await;
    let seen = hub.seen.last();
    assert_eq!((seen.route, seen.method, seen.status), ("/v1/chat/completions", "POST", 200));
    get("/no/such/path").send(hub.address).await;
    assert_eq!((hub.seen.last().route, hub.seen.last().status), ("unknown", 404));
}
