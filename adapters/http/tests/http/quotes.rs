//! `POST /api/v2/quote`.

use hub_domain::money::Credits;

use crate::client::post;
use crate::hub::{ANN, Hub};
use crate::whole_answers::CHAT;

fn credits(number: &serde_json::Value) -> Credits {
    number.as_str().map_or_else(|| number.to_string(), str::to_owned).parse().unwrap()
}

#[actix_web::test]
async fn a_quote_says_what_a_call_costs_at_most_and_whether_it_is_covered() {
    let hub = Hub::start().await;
    let answer = post("/api/v2/quote", CHAT).key(ANN).send(hub.address).await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
    let quote = answer.json();
    assert_eq!(quote["model"], "sim/chat");
    assert_eq!(quote["type"], "chatCompletion");
    assert_eq!(quote["rateVersion"], 3);
    assert_eq!(quote["outputLimit"], 1_000, "the model's own limit");
    assert_eq!(quote["balance"], "100");
    assert_eq!(quote["covered"], true);
    assert_eq!(quote["hold"]["outputLimit"], 1_000);

    let lines = quote["priceLines"].as_array().unwrap();
    let meters: Vec<_> = lines.iter().map(|line| line["meter"].as_str().unwrap()).collect();
    assert_eq!(meters, ["input", "output"]);
    assert_eq!(
        (&lines[1]["quantity"], credits(&lines[1]["rate"])),
        (&1_000.into(), Credits::from_units(400))
    );
    let sum = Credits::try_sum(lines.iter().map(|line| credits(&line["amount"]))).unwrap();
    assert_eq!(
        sum.to_string(),
        answer.text().split("\"credits\":").nth(1).unwrap().split(',').next().unwrap()
    );
    assert!(hub.runner.arrived().is_empty(), "nothing was called");
}

#[actix_web::test]
async fn a_quote_asks_for_the_limit_that_the_client_has() {
    let hub = Hub::start().await;
    let body = r#"{"model":"sim/chat","max_tokens":10,"n":2,"messages":[{"role":"user","content":"hi"}]}"#;
    let quote = post("/api/v2/quote", body).key(ANN).send(hub.address).await.json();
    assert_eq!((&quote["outputLimit"], &quote["priceLines"][1]["quantity"]), (&10.into(), &20.into()));
}

#[actix_web::test]
async fn a_quote_is_refused_as_the_call_would_be() {
    let hub = Hub::start().await;
    let answer = post("/api/v2/quote", r#"{"model":"sim/chat"}"#).key(ANN).send(hub.address).await;
    assert_eq!((answer.status(), &answer.json()["error"]["param"]), (400, &"messages".into()));
    let unknown = CHAT.replace("sim/chat", "sim/none");
    let answer = post("/api/v2/quote", unknown).key(ANN).send(hub.address).await;
    assert_eq!((answer.status(), answer.error_code().as_str()), (404, "model_not_found"));
}
