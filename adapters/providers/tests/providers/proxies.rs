//! A proxy that the environment names. Variables belong to a whole process, so each test runs itself
//! again in one of its own.

use std::process::Stdio;

use tokio::process::Command;

use crate::asked::{ANSWER, providers, whole};
use crate::upstream::{Reply, Upstream};

const CHILD: &str = "HUB_TEST_UPSTREAM_BEHIND_PROXY";

/// Runs the test once more, with `proxy` in the environment; there, `base_url` is what it is to ask.
async fn again(test: &str, proxy: &Upstream, base_url: &str) -> bool {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", test, "--nocapture"]).stdout(Stdio::null()).stderr(Stdio::null());
    child.env("HTTP_PROXY", format!("http://{}", proxy.address)).env(CHILD, base_url);
    child.env_remove("NO_PROXY").env_remove("no_proxy");
    child.status().await.unwrap().success()
}

async fn ask(base_url: String) {
    let mut asked = whole(&Upstream::new([Reply::default()]).await);
    asked.base_url = Some(base_url);
    assert!(asked.send(&providers()).await.is_whole());
}

#[tokio::test]
async fn an_upstream_outside_is_reached_through_it() {
    if let Ok(base_url) = std::env::var(CHILD) {
        return ask(base_url).await;
    }
    let proxy = Upstream::new([Reply::json(200, ANSWER)]).await;
    let test = "proxies::an_upstream_outside_is_reached_through_it";
    assert!(again(test, &proxy, "http://provider.invalid/v1").await);
    assert_eq!(proxy.only().line(), "POST http://provider.invalid/v1/chat/completions HTTP/1.1");
}

#[tokio::test]
async fn an_upstream_on_this_machine_is_not() {
    if let Ok(base_url) = std::env::var(CHILD) {
        return ask(base_url).await;
    }
    let proxy = Upstream::new([Reply::json(200, ANSWER)]).await;
    let upstream = Upstream::new([Reply::json(200, ANSWER)]).await;
    let by_name = format!("http://localhost:{}/v1", upstream.address.port());
    for base_url in [upstream.base_url(), by_name] {
        assert!(again("proxies::an_upstream_on_this_machine_is_not", &proxy, &base_url).await);
    }
    assert_eq!(upstream.seen().len(), 2);
    assert!(proxy.seen().is_empty());
}
