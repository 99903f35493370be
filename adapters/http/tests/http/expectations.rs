//! `Expect: 100-continue`: refused before the body is sent, where it would be in vain.

use crate::client::{Connection, post};
use crate::hub::{ANN, Hub};
use crate::whole_answers::CHAT;

const PATH: &str = "/v1/chat/completions";

#[actix_web::test]
async fn a_known_caller_is_told_to_go_on() {
    let hub = Hub::start().await;
    let mut client = Connection::open(hub.address).await;
    let call = post(PATH, CHAT).key(ANN).header("expect", "100-continue");
    client.send_head(&call).await;
    assert_eq!(client.head().await.status, 100);
    client.write(CHAT.as_bytes()).await;
    assert_eq!(client.answer().await.status(), 200);
}

#[actix_web::test]
async fn who_would_be_refused_need_not_send_a_body() {
    let hub = Hub::with(|settings| settings.body.max_bytes = 10_000).await;
    let unknown = post(PATH, CHAT).key("nobody-knows-this-key");
    let too_large = post(PATH, "").key(ANN).announcing(20_000);
    let no_json = post(PATH, CHAT).key(ANN).without("content-type");
    for (call, status) in [(unknown, 401), (too_large, 413), (no_json, 415)] {
        let mut client = Connection::open(hub.address).await;
        client.send_head(&call.header("expect", "100-continue")).await;
        let answer = client.answer().await;
        assert_eq!(answer.status(), status);
        answer.error_code();
    }
    hub.gate.shut();
    let mut client = Connection::open(hub.address).await;
    client.send_head(&post(PATH, CHAT).key("nobody-knows-this-key").header("expect", "100-continue")).await;
    assert_eq!(client.answer().await.status(), 503);
}
