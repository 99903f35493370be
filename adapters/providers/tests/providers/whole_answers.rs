//! Answers in one piece.

use hub_domain::error::UpstreamClass;
use hub_domain::meter::Meter;
use hub_domain::ports::{ModelProvider, contract};
use hub_domain::vocabulary::{Dialect, Event};
use serde_json::json;

use crate::asked::{ANSWER, KEY, chat, embedding, providers, stream, whole};
use crate::upstream::{Reply, Upstream};

#[tokio::test]
async fn keeps_the_contract() {
    let upstream = Upstream::new([Reply::json(200, ANSWER)]).await;
    contract::model_provider(&providers(), whole(&upstream).attempt()).await;
}

#[tokio::test]
async fn an_answer_comes_as_bytes_and_as_meaning() {
    let upstream = Upstream::new([Reply::json(200, ANSWER)]).await;
    let heard = whole(&upstream).send(&providers()).await;
    assert!(heard.is_whole());
    assert_eq!(heard.text(), "Hello there");
    let usage = heard.usage().unwrap().quantities;
    assert_eq!((usage.get(Meter::Input), usage.get(Meter::Output)), (9, 2));
    let [frame] = &heard.frames[..] else { panic!("one frame") };
    assert_eq!(frame.raw, Some((Dialect::OpenAi, ANSWER.into())));
}

#[tokio::test]
async fn the_request_says_what_is_needed_and_no_more() {
    let upstream = Upstream::new([Reply::json(200, ANSWER)]).await;
    whole(&upstream).send(&providers()).await;
    let seen = upstream.only();
    assert_eq!(seen.line(), "POST /v1/chat/completions HTTP/1.1");
    let mut names: Vec<_> =
        seen.head.lines().skip(1).map(|line| line.split_once(':').unwrap().0.to_lowercase()).collect();
    names.sort_unstable();
    let expected = [
        "accept",
        "accept-encoding",
        "authorization",
        "content-length",
        "content-type",
        "host",
        "traceparent",
        "user-agent",
    ];
    assert_eq!(names, expected);
    assert_eq!(seen.header("authorization"), Some(format!("Bearer {KEY}").as_str()));
    assert_eq!(seen.header("accept"), Some("application/json"));
    assert_eq!(seen.header("accept-encoding"), Some("identity"));
    assert_eq!(seen.header("content-type"), Some("application/json"));
    assert_eq!(seen.header("traceparent").unwrap().len(), 55);
    assert!(seen.header("user-agent").unwrap().starts_with("aigne-hub/"));
}

#[tokio::test]
async fn the_body_is_the_clients_own_with_the_models_name_at_the_provider() {
    let upstream = Upstream::new([Reply::json(200, ANSWER)]).await;
    let body =
        r#"{"model":"up/model-x","messages":[{"role":"user","content":"Hi"}],"top_k":7,"max_tokens":100}"#;
    let mut asked = chat(&upstream, body);
    asked.output_limit = Some(50);
    asked.send(&providers()).await;
    let expected =
        json!({"model":"model-x","messages":[{"role":"user","content":"Hi"}],"top_k":7,"max_tokens":50});
    assert_eq!(upstream.only().json(), expected);
}

#[tokio::test]
async fn a_reasoning_model_gets_its_limit_in_the_field_that_it_knows() {
    let upstream = Upstream::new([Reply::json(200, ANSWER)]).await;
    let mut asked = whole(&upstream);
    asked.model = "gpt-5-mini";
    asked.output_limit = Some(50);
    asked.send(&providers()).await;
    let sent = upstream.only().json();
    assert_eq!(sent["max_completion_tokens"], 50);
    assert!(sent.get("max_tokens").is_none());
}

#[tokio::test]
async fn the_upstreams_id_of_the_request_is_kept() {
    let headers = [("content-type", "application/json"), ("x-request-id", "req_42")];
    let upstream = Upstream::new([Reply::whole(200, &headers, ANSWER)]).await;
    let answer = providers().start(whole(&upstream).attempt()).await.unwrap();
    assert_eq!(answer.upstream_id.as_deref(), Some("req_42"));
}

#[tokio::test]
async fn vectors_come_from_the_path_for_them() {
    let answer = r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.25,-1e-7]}],"model":"model-x","usage":{"prompt_tokens":3,"total_tokens":3}}"#;
    let upstream = Upstream::new([Reply::json(200, answer)]).await;
    let heard = embedding(&upstream, r#"{"model":"up/model-x","input":"Hi"}"#).send(&providers()).await;
    assert!(heard.is_whole());
    assert!(heard.events().any(|event| matches!(event, Event::Embedding { index: 0, .. })));
    assert_eq!(heard.usage().unwrap().quantities.get(Meter::Input), 3);
    assert_eq!(upstream.only().line(), "POST /v1/embeddings HTTP/1.1");
}

#[tokio::test]
async fn a_whole_answer_is_taken_where_pieces_were_asked_for() {
    let upstream = Upstream::new([Reply::json(200, ANSWER)]).await;
    let heard = stream(&upstream).send(&providers()).await;
    assert!(heard.is_whole());
    assert_eq!(heard.text(), "Hello there");
}

#[tokio::test]
async fn a_web_page_is_no_answer() {
    let page = "<html>Please sign in at 10.0.0.1</html>";
    let upstream =
        Upstream::new([Reply::whole(200, &[("content-type", "text/html; charset=utf-8")], page)]).await;
    for asked in [whole(&upstream), stream(&upstream)] {
        let error = asked.fails(&providers()).await;
        assert_eq!((error.class, error.status), (UpstreamClass::BadAnswer, Some(200)));
        assert!(!error.message.contains("sign in"), "{}", error.message);
    }
    assert_eq!(
        providers().test(&whole(&upstream).candidate()).await.unwrap_err().class,
        UpstreamClass::BadAnswer
    );
}

#[tokio::test]
async fn what_is_no_json_is_no_answer() {
    for body in ["", "{\"choices\":", "null", "[]", "\u{FEFF}"] {
        let upstream = Upstream::new([Reply::json(200, body)]).await;
        let error = whole(&upstream).fails(&providers()).await;
        assert_eq!(error.class, UpstreamClass::BadAnswer, "{body:?}");
        assert!(error.maybe_executed);
    }
}

#[tokio::test]
async fn an_answer_that_announces_too_much_is_not_read() {
    let reply = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99999999999\r\n\r\n{";
    let mut upstream = Upstream::new([Reply::raw(reply).wait()]).await;
    let error = whole(&upstream).fails(&providers()).await;
    assert_eq!(error.class, UpstreamClass::BadAnswer);
    upstream.departure().await;
}

#[tokio::test]
async fn an_answer_without_end_is_cut_at_the_limit() {
    let reply = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n\"";
    let mut upstream = Upstream::new([Reply::raw(reply).flood(&[b'x'; 64 * 1024])]).await;
    let error = whole(&upstream).fails(&providers()).await;
    assert_eq!(error.class, UpstreamClass::BadAnswer);
    upstream.departure().await;
}

#[tokio::test]
async fn a_test_lists_the_models_and_spends_nothing() {
    let upstream = Upstream::new([Reply::json(200, r#"{"object":"list","data":[]}"#)]).await;
    providers().test(&whole(&upstream).candidate()).await.unwrap();
    let seen = upstream.only();
    assert_eq!(seen.line(), "GET /v1/models HTTP/1.1");
    assert_eq!(seen.header("authorization"), Some(format!("Bearer {KEY}").as_str()));
    assert!(seen.body.is_empty());
}
