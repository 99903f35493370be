//! Audio that is written down: its upload passes through, and is paid by seconds or tokens.

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::kit::{Ask, Hub, KEY, Reply, World, eventually, units};

on_both_databases! {
    seconds_are_paid_and_the_form_passes,
    a_text_and_subtitles_are_written_by_the_hub,
    tokens_are_paid,
    a_transcript_in_pieces_tells_what_it_cost,
    translations_have_a_path_of_their_own,
    a_file_before_its_model_is_kept_until_the_model_is_known,
    fields_behind_the_file_count_too,
    forms_at_fault_are_refused,
    an_upload_that_breaks_off_costs_nothing,
    an_upload_reaches_the_upstream_before_it_has_ended,
    an_upload_is_sent_once,
    the_same_key_needs_the_same_file,
    the_simulated_provider_listens,
}

/// Bytes of one second: 15,872 samples of 16 bits. All bytes of such a file are ASCII.
const SECOND: u32 = 31_744;

fn wav(seconds: u32) -> String {
    let mut file = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\0\x3e\0\0\0\x7c\0\0\x02\0\x10\0data".to_vec();
    file.extend((SECOND * seconds).to_le_bytes().map(|byte| byte & 0x7f));
    file.extend(vec![b'.'; SECOND as usize * seconds as usize]);
    String::from_utf8(file).unwrap()
}

fn ask(hub: &Hub, model: &str, more: &[(&str, Option<&str>, &str)]) -> Ask {
    let file = wav(5);
    let parts = [&[("model", None, model)], more, &[("file", Some("a.wav"), file.as_str())]].concat();
    hub.client().post_form("/v1/audio/transcriptions", &parts)
}

const VERBOSE: &str = r#"{"task":"transcribe","language":"english","duration":4.2,"text":"One. Two.",
    "segments":[{"id":0,"start":0,"end":2.0,"text":" One."},{"id":1,"start":2.0,"end":4.2,"text":" Two."}],
    "usage":{"type":"duration","seconds":5}}"#;

async fn by_seconds(world: &mut World) -> Hub {
    world.set_up().await;
    world.json("rates set fake/whisper --second 0.0001").await;
    world.upstream.script("whisper", [Reply::json(200, VERBOSE)]);
    world.start().await
}

async fn seconds_are_paid_and_the_form_passes(world: &mut World) {
    let hub = by_seconds(world).await;
    let more = [("language", None, "en"), ("x_new", None, "1"), ("temperature", None, "0.2")];
    let answer = ask(&hub, "fake/whisper", &more).send().await.expect(200);
    let body = answer.json();
    assert_eq!((&body["text"], body.get("segments")), (&json!("One. Two."), None));
    assert_eq!(body["usage"]["seconds"], 5);
    assert_eq!(
        (answer.cost(), answer.header("content-type")),
        (Some(units("0.0005")), Some("application/json"))
    );
    let record = hub.record(&answer.call_id()).await;
    assert_eq!((record.status.as_str(), record.cost()), ("success", units("0.0005")));
    assert!(record.hold() >= record.cost() && record.hold() <= units("0.001") && !record.is_estimated());
    assert_eq!(record.usage_metrics["seconds"], 5);
    let seen = world.upstream.reached_by("whisper").await;
    assert_eq!(seen.path, "/v1/audio/transcriptions");
    for (name, value) in [("language", "en"), ("x_new", "1"), ("response_format", "verbose_json")] {
        assert_eq!(seen.field(name), Some(value));
    }
    assert!(seen.text.contains("filename=\"a.wav\"") && seen.text.contains(&wav(5)));
    let path = "/api/v2/audio/transcriptions";
    let file = wav(1);
    let parts = [("model", None, "fake/whisper"), ("file", Some("a.wav"), file.as_str())];
    hub.client().post_form(path, &parts).send().await.expect(200);
}

async fn a_text_and_subtitles_are_written_by_the_hub(world: &mut World) {
    let hub = by_seconds(world).await;
    for (format, told) in [
        ("text", "One. Two.\n"),
        ("srt", "1\n00:00:00,000 --> 00:00:02,000\nOne.\n\n2\n00:00:02,000 --> 00:00:04,200\nTwo.\n\n"),
        ("vtt", "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nOne.\n\n00:00:02.000 --> 00:00:04.200\nTwo.\n\n"),
    ] {
        let asked = ask(&hub, "fake/whisper", &[("response_format", None, format)]);
        let answer = asked.send().await.expect(200);
        assert_eq!(
            (answer.body.as_str(), answer.header("content-type")),
            (told, Some("text/plain; charset=utf-8"))
        );
        assert_eq!(hub.record(&answer.call_id()).await.cost(), units("0.0005"));
    }
    let answer = ask(&hub, "fake/whisper", &[("response_format", None, "verbose_json")]).send().await;
    assert_eq!(answer.json()["segments"][1]["text"], " Two.");
    assert_eq!(world.spent().await, units("0.002"));
}

const TOKENS: &str = r#"{"type":"tokens","input_tokens":85,"output_tokens":7,"total_tokens":92,
    "input_token_details":{"text_tokens":5,"audio_tokens":80}}"#;

async fn tokens_are_paid(world: &mut World) {
    world.set_up().await;
    world.json("rates set fake/scribe --call-type audio --input 2.5 --input-audio 6 --output 10").await;
    let body = format!(r#"{{"text":"Hi.","usage":{TOKENS}}}"#);
    world.upstream.script("scribe", [Reply::json(200, body), Reply::json(200, r#"{"text":"Hi."}"#)]);
    let hub = world.start().await;
    let answer = ask(&hub, "fake/scribe", &[]).send().await.expect(200);
    assert_eq!(answer.json()["usage"]["input_token_details"]["audio_tokens"], 80);
    assert_eq!(answer.cost(), Some(units("0.0005625")));
    assert_eq!(world.upstream.reached_by("scribe").await.field("response_format"), None);

    let answer = ask(&hub, "fake/scribe", &[]).send().await.expect(200);
    let record = hub.record(&answer.call_id()).await;
    assert!(record.is_estimated() && record.cost() > 0 && record.cost() <= record.hold());
}

async fn a_transcript_in_pieces_tells_what_it_cost(world: &mut World) {
    world.set_up().await;
    world.json("rates set fake/scribe --call-type audio --input 2.5 --input-audio 6 --output 10").await;
    let usage: Value = serde_json::from_str(TOKENS).unwrap();
    world.upstream.script(
        "scribe",
        [Reply::status(200, &[("content-type", "text/event-stream")])
            .event(&json!({ "type": "transcript.text.delta", "delta": "Hi" }))
            .event(&json!({ "type": "transcript.text.delta", "delta": " you." }))
            .event(&json!({ "type": "transcript.text.done", "text": "Hi you.", "usage": usage }))],
    );
    let hub = world.start().await;
    let answer = ask(&hub, "fake/scribe", &[("stream", None, "true")]).send().await.expect(200);
    let events = answer.events();
    let last: Value = serde_json::from_str(events.last().unwrap()).unwrap();
    assert_eq!((events.len(), &last["text"]), (3, &json!("Hi you.")));
    assert_eq!(last["usage"]["modelCallId"], answer.call_id());
    assert!(answer.body.contains(r#""aigneHubCredits":0.0005625"#), "{}", answer.body);
}

async fn translations_have_a_path_of_their_own(world: &mut World) {
    let hub = by_seconds(world).await;
    let file = wav(5);
    let parts = [("model", None, "fake/whisper"), ("file", Some("a.wav"), file.as_str())];
    for path in ["/v1/audio/translations", "/api/v2/audio/translations"] {
        hub.client().post_form(path, &parts).send().await.expect(200);
    }
    assert_eq!(world.upstream.reached_by("whisper").await.path, "/v1/audio/translations");
}

async fn a_file_before_its_model_is_kept_until_the_model_is_known(world: &mut World) {
    let hub = by_seconds(world).await;
    let file = wav(5);
    let parts = [
        ("file", Some("a.wav"), file.as_str()),
        ("model", None, "fake/whisper"),
        ("response_format", None, "text"),
    ];
    let answer = hub.client().post_form("/v1/audio/transcriptions", &parts).send().await.expect(200);
    assert_eq!(answer.body, "One. Two.\n");
    assert!(world.upstream.reached_by("whisper").await.text.contains(&file));
}

async fn fields_behind_the_file_count_too(world: &mut World) {
    let hub = by_seconds(world).await;
    let file = wav(5);
    let parts = |name, value| {
        [("model", None, "fake/whisper"), ("file", Some("a.wav"), file.as_str()), (name, None, value)]
    };
    let path = "/v1/audio/transcriptions";
    let answer = hub.client().post_form(path, &parts("response_format", "text")).send().await.expect(200);
    assert_eq!(
        (answer.body.as_str(), answer.header("content-type")),
        ("One. Two.\n", Some("text/plain; charset=utf-8"))
    );
    hub.client().post_form(path, &parts("language", "en")).send().await.expect(200);
    assert!(world.upstream.seen("whisper").iter().any(|seen| seen.field("language") == Some("en")));
    for (name, value) in [("stream", "true"), ("model", "fake/other"), ("response_format", "mp3")] {
        let answer = hub.client().post_form(path, &parts(name, value)).send().await.expect(400);
        assert_eq!(answer.json()["error"]["param"], name);
    }
    assert_eq!(world.spent().await, units("0.001"));
}

async fn forms_at_fault_are_refused(world: &mut World) {
    world.set("HUB__SERVER__UPLOAD_LIMIT", "1MiB");
    let hub = by_seconds(world).await;
    let path = "/v1/audio/transcriptions";
    let file = ("file", Some("a.wav"), "RIFF");
    let model = ("model", None, "fake/whisper");
    for (parts, param) in [
        (vec![model], "file"),
        (vec![file], "model"),
        (vec![model, model, file], "model"),
        (vec![model, ("response_format", None, "doc"), file], "response_format"),
        (vec![model, ("stream", None, "maybe"), file], "stream"),
        (vec![model, file, file], "file"),
    ] {
        let answer = hub.client().post_form(path, &parts).send().await.expect(400);
        assert_eq!(answer.json()["error"]["param"], param, "{}", answer.body);
    }
    let answer = hub.client().post(path, json!({ "model": "fake/whisper" })).send().await.expect(415);
    assert_eq!(answer.code(), "unsupported_media_type");
    let large = ".".repeat(2 << 20);
    hub.client().post_form(path, &[model, ("file", Some("a.wav"), &large)]).send().await.expect(413);
    hub.client().post_form(path, &[("model", None, "fake/none-such/x"), file]).send().await.expect(400);
    let poor = hub.client().with_key(&world.account("poor", "0.00001").await);
    poor.post_form(path, &[model, file]).send().await.expect(402);
    hub.client().without_key().post_form(path, &[model, file]).send().await.expect(401);
    assert_eq!(world.spent().await, 0);
}

/// A request whose body does not come to its end.
async fn half(hub: &Hub) -> TcpStream {
    let mut socket = TcpStream::connect(hub.address).await.unwrap();
    let head = format!(
        "POST /v1/audio/transcriptions HTTP/1.1\r\nhost: hub\r\nauthorization: Bearer {KEY}\r\n\
         content-type: multipart/form-data; boundary=B\r\ncontent-length: 500000\r\n\r\n\
         --B\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nfake/whisper\r\n\
         --B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\r\n"
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    socket.write_all(&vec![b'.'; 100_000]).await.unwrap();
    socket
}

async fn an_upload_that_breaks_off_costs_nothing(world: &mut World) {
    let hub = by_seconds(world).await;
    let before = world.upstream.connections();
    let socket = half(&hub).await;
    // Nothing goes there before the hold.
    eventually("the upstream is connected", async || (world.upstream.connections() > before).then_some(()))
        .await;
    drop(socket);
    let record = hub.record(&hub.only_record().await.id).await;
    assert_eq!((record.status.as_str(), record.cost()), ("failed", 0));
    assert!(record.hold() > 0);
    assert!(world.upstream.seen("whisper").is_empty(), "the upstream never got a whole request");
    assert_eq!(world.spent().await, 0);
}

async fn an_upload_reaches_the_upstream_before_it_has_ended(world: &mut World) {
    let hub = by_seconds(world).await;
    let before = world.upstream.connections();
    let socket = half(&hub).await;
    eventually("the upstream is connected", async || (world.upstream.connections() > before).then_some(()))
        .await;
    drop(socket);
    hub.only_record().await;
}

async fn an_upload_is_sent_once(world: &mut World) {
    let hub = by_seconds(world).await;
    world.upstream.script("whisper", [Reply::failure(500, "server_error"), Reply::json(200, VERBOSE)]);
    let answer = ask(&hub, "fake/whisper", &[]).send().await.expect(502);
    assert_eq!(hub.record(&answer.call_id()).await.cost(), 0);
    assert_eq!(world.upstream.seen("whisper").len(), 1);
}

async fn the_same_key_needs_the_same_file(world: &mut World) {
    let hub = by_seconds(world).await;
    let asked = ask(&hub, "fake/whisper", &[]).idempotency_key("k");
    let (first, again) = (asked.send().await.expect(200), asked.send().await.expect(200));
    assert_eq!(first.body, again.body);
    let file = wav(5).replace("...", ".!.");
    let parts = [("model", None, "fake/whisper"), ("file", Some("a.wav"), file.as_str())];
    let other = hub.client().post_form("/v1/audio/transcriptions", &parts).idempotency_key("k");
    other.send().await.expect(422);
    assert_eq!((world.upstream.seen("whisper").len(), world.spent().await), (1, units("0.0005")));
}

async fn the_simulated_provider_listens(world: &mut World) {
    world.set_up().await;
    world.json("providers add sim --kind simulated").await;
    let hub = world.start().await;
    let answer = ask(&hub, "sim/transcription", &[]).send().await.expect(200);
    assert!(answer.json()["text"].as_str().unwrap().contains("heard 158764 bytes"), "{}", answer.body);
    // The size that is announced has the rest of the form in it.
    assert_eq!(answer.cost(), Some(units("0.0006")));
    let answer = ask(&hub, "sim/transcription", &[("response_format", None, "srt")]).send().await.expect(200);
    assert!(answer.body.starts_with("1\n00:00:00,000 --> "), "{}", answer.body);
    let answer = ask(&hub, "sim/transcription", &[("stream", None, "true")]).send().await.expect(200);
    assert!(answer.body.contains("transcript.text.done") && answer.cost() == Some(units("0.0006")));
}
