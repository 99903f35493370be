use clap::Parser;
use hub_domain::memory::Memory;

use super::*;

#[derive(Debug, Parser)]
struct Line {
    #[command(subcommand)]
    command: Providers,
}

async fn run(books: &Books, line: &str) -> Result<Output, Failure> {
    let environment = Environment::new([("ACME_KEY", "sk-0123456789abcdef, sk-fedcba9876543210")]);
    let words = std::iter::once("providers").chain(line.split(' '));
    let line = Line::try_parse_from(words).map_err(|error| Failure::Usage(error.to_string()))?;
    line.command.run(books, &environment).await
}

#[tokio::test]
async fn a_provider_is_added_with_the_keys_of_a_variable() {
    let books = Books::of(Memory::new());
    let line = "add Acme --kind openai --base-url http://127.0.0.1:9/v1 --api-key-env ACME_KEY --on-disconnect drain";
    let added = run(&books, line).await.unwrap();
    assert_eq!(added.json()["name"], "acme");
    assert_eq!(added.json()["keys"], serde_json::json!(["…cdef", "…3210"]));
    assert_eq!(added.json()["on_disconnect"], "drain");
    assert!(!added.json().to_string().contains("sk-0123"));
    let stored = books.providers.list().await.unwrap();
    assert_eq!(stored[0].credentials.len(), 2);
}

#[tokio::test]
async fn the_simulated_provider_comes_with_its_prices() {
    let books = Books::of(Memory::new());
    run(&books, "add sim --kind simulated").await.unwrap();
    let rates = books.rates.current().await.unwrap();
    assert!(!rates.is_empty() && rates.iter().all(|rate| rate.provider == "sim"));
}

#[tokio::test]
async fn what_is_wrong_with_a_new_provider_is_said() {
    let books = Books::of(Memory::new());
    let refusal = async |line| run(&books, line).await.unwrap_err().to_string();
    let unset = refusal("add acme --kind openai --api-key-env NOT_SET").await;
    assert_eq!(unset, "the environment variable NOT_SET is not set");
    assert!(
        refusal("add acme --kind telepathy")
            .await
            .contains("`openai` or `anthropic` or `google` or `simulated`")
    );
    assert!(refusal("add acme --kind openai --base-url acme.example").await.contains("`http://`"));
    assert!(refusal("add a/b --kind openai").await.contains("letters, digits"));
    run(&books, "add acme --kind simulated").await.unwrap();
    assert_eq!(refusal("add ACME --kind simulated").await, "there is a provider `acme` already");
}

#[tokio::test]
async fn a_provider_is_removed_and_an_unknown_one_is_named() {
    let books = Books::of(Memory::new());
    run(&books, "add acme --kind simulated").await.unwrap();
    run(&books, "remove acme").await.unwrap();
    assert_eq!(run(&books, "list").await.unwrap().json(), &serde_json::json!([]));
    assert_eq!(run(&books, "remove acme").await.unwrap_err().to_string(), "there is no provider `acme`");
    assert_eq!(run(&books, "test acme").await.unwrap_err().to_string(), "there is no provider `acme`");
}

#[tokio::test]
async fn each_key_of_a_provider_is_tried() {
    let books = Books::of(Memory::new());
    run(&books, "add acme --kind openai --base-url http://127.0.0.1:9/v1 --api-key-env ACME_KEY")
        .await
        .unwrap();
    let tested = run(&books, "test acme").await.unwrap();
    assert_eq!(tested.json()["ok"], true);
    assert_eq!(tested.json()["keys"].as_array().unwrap().len(), 2);
    assert_eq!(tested.code(), 0);
}
