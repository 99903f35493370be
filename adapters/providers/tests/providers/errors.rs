//! Errors that the upstream tells, and what they mean.

use std::time::Duration;

use hub_domain::error::UpstreamClass;
use hub_domain::ports::ModelProvider;

use crate::asked::{KEY, providers, stream, whole};
use crate::upstream::{Reply, Upstream};

fn refusal(code: &str) -> String {
    format!("{{\"error\":{{\"message\":\"no\",\"type\":\"some_error\",\"param\":null,\"code\":\"{code}\"}}}}")
}

#[tokio::test]
async fn each_refusal_has_its_class() {
    let cases = [
        (400, "invalid_value", UpstreamClass::InvalidRequest),
        (400, "context_length_exceeded", UpstreamClass::ContextTooLong),
        (400, "content_policy_violation", UpstreamClass::ContentFiltered),
        (401, "invalid_api_key", UpstreamClass::Authentication),
        (403, "unsupported_country", UpstreamClass::Permission),
        (404, "model_not_found", UpstreamClass::ModelNotFound),
        (429, "insufficient_quota", UpstreamClass::Quota),
        (429, "rate_limit_exceeded", UpstreamClass::RateLimited),
        (500, "server_error", UpstreamClass::Server),
        (503, "server_is_overloaded", UpstreamClass::Overloaded),
    ];
    for (status, code, class) in cases {
        let upstream = Upstream::new([Reply::json(status, &refusal(code))]).await;
        for asked in [whole(&upstream), stream(&upstream)] {
            let error = asked.fails(&providers()).await;
            assert_eq!((error.class, error.status), (class, Some(status)), "{code}");
        }
    }
}

#[tokio::test]
async fn an_upstream_says_when_it_wants_to_be_asked_again() {
    let told = r#"{"error":{"message":"Please try again in 1.5s.","code":"rate_limit_exceeded"}}"#;
    let exhausted = [("x-ratelimit-remaining-tokens", "0"), ("x-ratelimit-reset-tokens", "1m2s")];
    for (reply, millis) in [
        (Reply::whole(429, &[("retry-after", "2")], "{}"), 2_000),
        (Reply::whole(429, &[("retry-after", "9"), ("retry-after-ms", "300")], "{}"), 300),
        (Reply::whole(429, &exhausted, "{}"), 62_000),
        (Reply::whole(429, &[], told), 1_500),
    ] {
        let upstream = Upstream::new([reply]).await;
        let error = whole(&upstream).fails(&providers()).await;
        assert_eq!(error.class, UpstreamClass::RateLimited);
        assert_eq!(error.retry_after, Some(Duration::from_millis(millis)));
    }
}

#[tokio::test]
async fn an_error_that_is_no_json_has_its_class_by_its_status() {
    let page = Reply::whole(503, &[("content-type", "text/html")], "<html>nginx at 10.0.0.7</html>");
    let upstream = Upstream::new([page]).await;
    let error = whole(&upstream).fails(&providers()).await;
    assert_eq!(error.class, UpstreamClass::Overloaded);
    assert!(!error.message.contains("10.0.0.7"), "{}", error.message);
}

#[tokio::test]
async fn an_error_whose_text_never_ends_is_an_error_all_the_same() {
    let head = "HTTP/1.1 500 No\r\ncontent-type: application/json\r\n\r\n{";
    let endless = Upstream::new([Reply::raw(head).flood(&[b' '; 4_096])]).await;
    assert_eq!(whole(&endless).fails(&providers()).await.class, UpstreamClass::Server);
    let silent = Upstream::new([Reply::raw(head).wait()]).await;
    let mut asked = whole(&silent);
    asked.timeouts.idle = Duration::from_millis(200);
    assert_eq!(asked.fails(&providers()).await.class, UpstreamClass::Server);
}

#[tokio::test]
async fn the_key_is_in_no_message() {
    let echo = format!(
        "{{\"error\":{{\"message\":\"Incorrect API key provided: {KEY}\",\"code\":\"invalid_api_key\"}}}}"
    );
    for status in [400, 401, 500] {
        let upstream = Upstream::new([Reply::json(status, &echo)]).await;
        let error = whole(&upstream).fails(&providers()).await;
        assert!(!format!("{error:?}").contains(KEY), "{error:?}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Upstream::new([Reply::json(200, "{}")]).await;
    for status in [301, 302, 303, 307, 308] {
        let location = format!("{}/chat/completions", elsewhere.base_url());
        let upstream = Upstream::new([Reply::whole(status, &[("location", &location)], "")]).await;
        let error = whole(&upstream).fails(&providers()).await;
        assert_eq!(
            (error.class, error.code.as_deref()),
            (UpstreamClass::BadAnswer, Some("upstream_redirect"))
        );
        let error = providers().test(&whole(&upstream).candidate()).await.unwrap_err();
        assert_eq!(error.class, UpstreamClass::BadAnswer);
    }
    assert!(elsewhere.seen().is_empty(), "nothing went to the other host");
}

#[tokio::test]
async fn each_key_goes_to_its_own_provider_only() {
    let (one, other) = (
        Upstream::new([Reply::json(401, &refusal("invalid_api_key"))]).await,
        Upstream::new([Reply::json(401, &refusal("invalid_api_key"))]).await,
    );
    let providers = providers();
    let mut to_other = whole(&other);
    to_other.key = Some("sk-other");
    for asked in [whole(&one), to_other.clone(), whole(&one)] {
        asked.fails(&providers).await;
    }
    assert!(one.seen().iter().all(|seen| seen.header("authorization") == Some(&format!("Bearer {KEY}"))));
    assert_eq!(other.only().header("authorization"), Some("Bearer sk-other"));
    to_other.key = None;
    to_other.fails(&providers).await;
    assert_eq!(other.seen()[1].header("authorization"), None);
}

#[tokio::test]
async fn a_base_url_that_is_none_reaches_nobody() {
    let upstream = Upstream::new([Reply::json(200, "{}")]).await;
    let mut asked = whole(&upstream);
    for base in ["", "ftp://127.0.0.1/v1", "http://user:word@127.0.0.1/v1"] {
        asked.base_url = Some(base.to_owned());
        let error = asked.fails(&providers()).await;
        assert_eq!((error.class, error.maybe_executed), (UpstreamClass::Transport, false));
    }
    asked.base_url = Some(upstream.base_url());
    asked.key = Some("sk-\nx-injected: yes");
    assert_eq!(asked.fails(&providers()).await.class, UpstreamClass::Authentication);
    assert!(upstream.seen().is_empty());
}
