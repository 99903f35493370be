//! Images by URL for an upstream that takes none: fetched as a guest of the open internet, or not at all,
//! and then for nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::kit::{Client, Reply, USUAL, Units, World, price};

on_both_databases! {
    an_image_by_url_reaches_gemini_inline,
    the_operators_network_is_not_reached_and_nothing_is_charged,
}

const GIF: &[u8] = b"GIF89a of no size";

/// A server with a picture, and how often it was asked.
async fn pictures() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (port, asked) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::Relaxed);
            let mut head = [0; 4096];
            let _ = socket.read(&mut head).await;
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", GIF.len());
            let _ = socket.write_all(&[head.as_bytes(), GIF].concat()).await;
        }
    });
    (port, asked)
}

async fn with_gemini(world: &mut World) {
    world.set("HUB__PROVIDERS__GOOGLE__KIND", "google");
    world.set("HUB__PROVIDERS__GOOGLE__BASE_URL", &format!("http://{}", world.upstream.address));
    world.set("HUB__PROVIDERS__GOOGLE__API_KEY_ENV", "GOOGLE_KEYS");
    world.set("GOOGLE_KEYS", "goog-fake");
    world.set_up().await;
    world.command(&["rates", "set", "google/*", "--input", "3000", "--output", "6000"]).await.expect(0);
    let answer = json!({ "candidates": [{ "content": { "role": "model", "parts": [{ "text": "A cat." }] },
        "finishReason": "STOP", "index": 0 }], "usageMetadata": { "promptTokenCount": USUAL.input,
        "candidatesTokenCount": USUAL.output, "totalTokenCount": USUAL.input + USUAL.output } });
    world.upstream.script("flash", [Reply::json(200, answer.to_string())]);
}

fn openai(client: &Client, url: &str) -> crate::kit::Ask {
    let image = json!({ "type": "image_url", "image_url": { "url": url } });
    client.chat("google/flash").with("messages", json!([{ "role": "user", "content": [image] }]))
}

fn anthropic(client: &Client, url: &str) -> crate::kit::Ask {
    let image = json!({ "type": "image", "source": { "type": "url", "url": url } });
    let messages = json!([{ "role": "user", "content": [image] }]);
    client.post("/v1/messages", json!({ "model": "google/flash", "max_tokens": 50, "messages": messages }))
}

fn inline_data(body: &Value) -> &Value {
    &body["contents"][0]["parts"][0]["inlineData"]
}

async fn an_image_by_url_reaches_gemini_inline(world: &mut World) {
    let (port, asked) = pictures().await;
    with_gemini(world).await;
    world.set("HUB__EGRESS__ALLOW", &format!("127.0.0.1:{port}"));
    let hub = world.start().await;
    let url = format!("http://127.0.0.1:{port}/cat.png");
    for ask in [openai(&hub.client(), &url), anthropic(&hub.client(), &url)] {
        ask.send().await.expect(200);
    }
    for seen in world.upstream.seen("flash") {
        let body = seen.json();
        assert_eq!(inline_data(&body)["mimeType"], "image/gif", "{body}");
        assert_eq!(inline_data(&body)["data"], "R0lGODlhIG9mIG5vIHNpemU=");
    }
    assert_eq!(asked.load(Ordering::Relaxed), 2);
    assert_eq!(world.spent().await, 2 * price(USUAL));
}

async fn the_operators_network_is_not_reached_and_nothing_is_charged(world: &mut World) {
    let (port, asked) = pictures().await;
    with_gemini(world).await;
    let hub = world.start().await;
    for url in [
        format!("http://127.0.0.1:{port}/cat.png"),
        format!("http://localhost:{port}/cat.png"),
        format!("http://[::ffff:127.0.0.1]:{port}/cat.png"),
        format!("http://2130706433:{port}/cat.png"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "http://[fd00:ec2::254]/latest/meta-data/".to_owned(),
    ] {
        let refused = openai(&hub.client(), &url).send().await.expect(400);
        assert_eq!(refused.code(), "invalid_image_url", "{url}");
        let record = hub.record(&refused.call_id()).await;
        assert_eq!((record.cost(), record.reason()), (0, Some("invalid_request")), "{url}");
    }
    assert_eq!(
        anthropic(&hub.client(), "http://127.0.0.1/a.png").send().await.expect(400).json()["type"],
        "error"
    );
    assert_eq!(asked.load(Ordering::Relaxed), 0);
    assert!(world.upstream.seen("flash").is_empty());
    let nothing: Units = 0;
    assert_eq!(world.spent().await, nothing);
}
