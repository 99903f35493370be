//! A fake upstream that answers at once. The model's name in the body decides what it sends: a whole
//! answer, fifty chunks two milliseconds apart, or a stream that stays open.

use std::io;
use std::time::Duration;

use memchr::memmem;
use tokio::net::TcpListener;

use crate::wire::Connection;

/// Content chunks of one stream.
pub const CHUNKS: usize = 50;
const PAUSE: Duration = Duration::from_millis(2);
/// A stream that stays open says something this often, so that no time-out ends it.
const SIGN_OF_LIFE: Duration = Duration::from_secs(5);

const WHOLE: &str = r#"{"id":"chatcmpl-bench","object":"chat.completion","created":1760000000,"model":"gpt-4o-mini-2024-07-18","choices":[{"index":0,"message":{"role":"assistant","content":"The capital of France is Paris. It lies on the Seine, has some two million inhabitants within its limits, and has been the seat of the country's government for most of its history.","refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":32,"completion_tokens":41,"total_tokens":73,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}},"service_tier":"default","system_fingerprint":"fp_bench"}"#;

const STREAM_HEAD: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

fn whole() -> Vec<u8> {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{WHOLE}",
        WHOLE.len()
    )
    .into_bytes()
}

fn event(json: &str) -> Vec<u8> {
    let data = format!("data: {json}\n\n");
    format!("{:x}\r\n{data}\r\n", data.len()).into_bytes()
}

fn content(index: usize) -> Vec<u8> {
    event(&format!(
        r#"{{"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1760000000,"model":"gpt-4o-mini-2024-07-18","system_fingerprint":"fp_bench","choices":[{{"index":0,"delta":{{"content":" word{index}"}},"logprobs":null,"finish_reason":null}}],"usage":null}}"#
    ))
}

fn last() -> Vec<u8> {
    let mut last = event(
        r#"{"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1760000000,"model":"gpt-4o-mini-2024-07-18","choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}],"usage":null}"#,
    );
    last.extend(event(
        r#"{"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1760000000,"model":"gpt-4o-mini-2024-07-18","choices":[],"usage":{"prompt_tokens":32,"completion_tokens":50,"total_tokens":82}}"#,
    ));
    last.extend(event("[DONE]"));
    last.extend(b"0\r\n\r\n");
    last
}

/// Serves on a thread of its own until the process ends; returns the port.
pub fn start() -> io::Result<u16> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let port = listener.local_addr()?.port();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let served = runtime.and_then(|runtime| runtime.block_on(serve(listener)));
        eprintln!("bench: the fake upstream ended: {served:?}");
    });
    Ok(port)
}

async fn serve(listener: std::net::TcpListener) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            // A peer that leaves in the middle is what some measurements are about.
            let _ = answer_all(Connection::of(stream)).await;
        });
    }
}

async fn answer_all(mut connection: Connection) -> io::Result<()> {
    let (whole, last) = (whole(), last());
    while let Some(request) = connection.request().await? {
        if memmem::find(&request, b"bench-open").is_some() {
            connection.write(STREAM_HEAD.as_bytes()).await?;
            for index in 0.. {
                connection.write(&content(index)).await?;
                tokio::time::sleep(SIGN_OF_LIFE).await;
            }
        } else if memmem::find(&request, b"\"stream\":true").is_some() {
            connection.write(STREAM_HEAD.as_bytes()).await?;
            for index in 0..CHUNKS {
                connection.write(&content(index)).await?;
                tokio::time::sleep(PAUSE).await;
            }
            connection.write(&last).await?;
        } else {
            connection.write(&whole).await?;
        }
    }
    Ok(())
}
