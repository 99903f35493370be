//! Images in other ways than whole and new: out of others, in pieces, and in AIGNE's words.

use serde_json::{Value, json};

use crate::kit::{Hub, Reply, World, units};

on_both_databases! {
    images_come_in_pieces_and_the_last_tells_the_cost,
    a_whole_answer_is_told_in_pieces_to_those_who_want_them,
    images_are_edited_from_a_form,
    images_are_edited_from_their_addresses,
    forms_without_images_are_refused,
    aignes_images_have_their_own_words,
    older_clients_find_every_name_of_an_image,
    video_is_not_built,
}

async fn painter(world: &mut World) -> Hub {
    world.set_up().await;
    world.json("rates set fake/painter --call-type image --image 0.5").await;
    world.upstream.script(
        "painter",
        [Reply::json(200, r#"{"created":1700000000,"data":[{"b64_json":"iVBORw0KGgo="}]}"#)],
    );
    world.start().await
}

fn completed(usage: Value) -> Value {
    json!({ "type": "image_generation.completed", "b64_json": "QUJD", "x_new": 1, "usage": usage })
}

async fn images_come_in_pieces_and_the_last_tells_the_cost(world: &mut World) {
    world.set_up().await;
    world.json("rates set fake/tokens --call-type image --input 5 --output-image 40").await;
    let sketch =
        json!({ "type": "image_generation.partial_image", "b64_json": "QUI=", "partial_image_index": 0 });
    let usage = json!({ "input_tokens": 10, "output_tokens": 1000, "total_tokens": 1010 });
    let stream = || Reply::status(200, &[("content-type", "text/event-stream")]).event(&sketch);
    world.upstream.script("tokens", [stream().event(&completed(usage)), stream().cut()]);
    let hub = world.start().await;
    let body = json!({ "model": "fake/tokens", "prompt": "a cat", "stream": true, "partial_images": 1 });
    let answer = hub.client().post("/v1/images/generations", body.clone()).send().await.expect(200);
    let events = answer.events();
    let last: Value = serde_json::from_str(events.last().unwrap()).unwrap();
    assert_eq!((events.len(), &last["x_new"], &last["usage"]["output_tokens"]), (2, &json!(1), &json!(1000)));
    assert!(answer.body.contains(r#""aigneHubCredits":0.04005"#), "{}", answer.body);
    let record = hub.record(&answer.call_id()).await;
    assert_eq!((record.status.as_str(), record.cost()), ("success", units("0.04005")));

    let answer = hub.client().post("/v1/images/generations", body).send().await.expect(200);
    assert!(answer.events().last().unwrap().contains("error"));
    let record = hub.record(&answer.call_id()).await;
    assert_eq!((record.status.as_str(), record.reason()), ("failed", Some("upstream_cut")));
    assert!(record.cost() <= record.hold());
}

async fn a_whole_answer_is_told_in_pieces_to_those_who_want_them(world: &mut World) {
    let hub = painter(world).await;
    let body = json!({ "model": "fake/painter", "prompt": "a cat", "stream": true });
    let answer = hub.client().post("/v1/images/generations", body).send().await.expect(200);
    let event: Value = serde_json::from_str(&answer.events()[0]).unwrap();
    assert_eq!(
        (&event["type"], &event["b64_json"]),
        (&json!("image_generation.completed"), &json!("iVBORw0KGgo="))
    );
    assert_eq!(event["usage"]["modelCallId"], answer.call_id());
    assert_eq!(world.spent().await, units("0.5"));
}

async fn images_are_edited_from_a_form(world: &mut World) {
    let hub = painter(world).await;
    let parts = [
        ("model", None, "fake/painter"),
        ("image[]", Some("a.png"), "PNG-one"),
        ("image[]", Some("b.png"), "PNG-two"),
        ("mask", Some("m.png"), "PNG-mask"),
        ("prompt", None, "a hat"),
        ("n", None, "2"),
        ("input_fidelity", None, "high"),
    ];
    for path in ["/v1/images/edits", "/api/v2/images/edits"] {
        let answer = hub.client().post_form(path, &parts).send().await.expect(200);
        assert_eq!(answer.json()["data"][0]["b64_json"], "iVBORw0KGgo=");
        let record = hub.record(&answer.call_id()).await;
        assert_eq!((record.cost(), record.hold()), (units("0.5"), units("1")));
    }
    let seen = world.upstream.reached_by("painter").await;
    assert_eq!(
        (seen.path.as_str(), seen.field("n"), seen.field("input_fidelity")),
        ("/v1/images/edits", Some("2"), Some("high"))
    );
    for (piece, times) in [("PNG-one", 1), ("PNG-two", 1), ("filename=\"m.png\"", 1), ("name=\"model\"", 1)] {
        assert_eq!(seen.text.matches(piece).count(), times, "{piece}");
    }
}

async fn images_are_edited_from_their_addresses(world: &mut World) {
    let hub = painter(world).await;
    let images = json!([{ "image_url": "https://e.org/a.png" }]);
    let body = json!({ "model": "fake/painter", "prompt": "a hat", "images": images });
    hub.client().post("/v1/images/edits", body.clone()).send().await.expect(200);
    let seen = world.upstream.reached_by("painter").await;
    assert_eq!((seen.path.as_str(), &seen.json()["images"]), ("/v1/images/edits", &images));
    let answer =
        hub.client().post("/v1/images/edits", body).with("images", json!([])).send().await.expect(400);
    assert_eq!(answer.json()["error"]["param"], "images");
}

async fn forms_without_images_are_refused(world: &mut World) {
    let hub = painter(world).await;
    let image = ("image", Some("a.png"), "PNG");
    let (model, prompt) = (("model", None, "fake/painter"), ("prompt", None, "a hat"));
    for (parts, param) in [
        (vec![model, prompt], "image"),
        (vec![model, image], "prompt"),
        (vec![prompt, image], "model"),
        (vec![model, prompt, image, ("n", None, "eleven")], "n"),
        (vec![model, prompt, image, ("n", None, "11")], "n"),
        (vec![model, model, prompt, image], "model"),
    ] {
        let answer = hub.client().post_form("/v1/images/edits", &parts).send().await.expect(400);
        assert_eq!(answer.json()["error"]["param"], param, "{}", answer.body);
    }
    assert_eq!(world.spent().await, 0);
}

async fn aignes_images_have_their_own_words(world: &mut World) {
    let hub = painter(world).await;
    let input = json!({
        "prompt": "a red kite", "n": 1, "size": "1024x1024", "outputFormat": "png", "outputFileType": "url",
        "modelOptions": { "model": "fake/painter", "moderation": "low" },
    });
    let answer = hub.client().post("/api/v2/image", json!({ "input": input })).send().await.expect(200);
    let body = answer.json();
    assert_eq!(body["images"], json!([{ "type": "file", "data": "iVBORw0KGgo=", "mimeType": "image/png" }]));
    assert_eq!((&body["model"], &body["modelWithProvider"]), (&json!("painter"), &json!("fake/painter")));
    assert_eq!(
        (answer.cost(), &body["usage"]["modelCallId"]),
        (Some(units("0.5")), &json!(answer.call_id()))
    );
    let seen = world.upstream.reached_by("painter").await;
    assert_eq!(seen.path, "/v1/images/generations");
    assert_eq!((&seen.json()["output_format"], &seen.json()["moderation"]), (&json!("png"), &json!("low")));
    assert!(seen.json().get("output_file_type").is_none());

    let image = json!([{ "type": "file", "data": "QUJD", "mimeType": "image/jpeg" }, { "type": "url", "url": "https://e.org/a.png" }]);
    let input = json!({ "prompt": "a hat", "image": image });
    hub.client()
        .post("/api/v2/image", json!({ "input": input, "model": "fake/painter" }))
        .send()
        .await
        .expect(200);
    let seen = world.upstream.seen("painter").pop().unwrap();
    assert_eq!(seen.path, "/v1/images/edits");
    assert_eq!(seen.json()["images"][0]["image_url"], "data:image/jpeg;base64,QUJD");

    for (input, param) in [
        (json!({ "n": 1 }), "prompt"),
        (
            json!({ "prompt": "x", "image": [{ "type": "local", "path": "/etc/passwd" }] }),
            "input.image[0].type",
        ),
    ] {
        let asked = hub.client().post("/api/v2/image", json!({ "input": input, "model": "fake/painter" }));
        assert_eq!(asked.send().await.expect(400).json()["error"]["param"], param);
    }
}

async fn older_clients_find_every_name_of_an_image(world: &mut World) {
    let hub = painter(world).await;
    let body = json!({ "model": "fake/painter", "prompt": "a cat" });
    let answer = hub.client().post("/api/v2/image/generations", body).send().await.expect(200).json();
    assert_eq!(answer["images"], answer["data"]);
    for name in ["base64", "b64_json", "b64Json"] {
        assert_eq!(answer["images"][0][name], "iVBORw0KGgo=");
    }
    assert!(answer["usage"]["modelCallId"].is_string());
}

async fn video_is_not_built(world: &mut World) {
    let hub = world.start().await;
    let answer =
        hub.client().post("/api/v2/video", json!({ "input": { "prompt": "x" } })).send().await.expect(501);
    assert_eq!(answer.code(), "not_implemented");
    hub.client().without_key().post("/api/v2/video", json!({})).send().await.expect(401);
}
