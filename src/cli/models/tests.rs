use clap::Parser;
use hub_domain::memory::Memory;
use hub_domain::ports::{NewProvider, ProviderBook};
use hub_domain::routing::ProviderKind;

use super::*;

#[derive(Debug, Parser)]
struct Line {
    #[command(subcommand)]
    command: Models,
}

/// With the providers `one` and `two`, whose models have no price.
async fn books() -> Books {
    let memory = Memory::new();
    for name in ["one", "two"] {
        let new = NewProvider {
            id: hub_domain::ids::ProviderId::new(),
            name: name.to_owned(),
            kind: ProviderKind::Simulated,
            base_url: None,
            on_disconnect: Default::default(),
            responses: None,
            timeouts: None,
            credentials: Vec::new(),
        };
        ProviderBook::add(&memory, new).await.unwrap();
    }
    Books::of(memory)
}

async fn run(books: &Books, words: &[&str]) -> Result<Output, Failure> {
    let line = Line::try_parse_from(std::iter::once(&"models").chain(words));
    line.map_err(|error| Failure::Usage(error.to_string()))?.command.run(books).await
}

#[tokio::test]
async fn a_virtual_model_is_added_listed_changed_and_removed() {
    let books = books().await;
    let add = ["add", "smart", "--target", "one/a weight=3 total=9s", "--target", "two/b"];
    let added = run(&books, &add).await.unwrap();
    assert_eq!(added.json()["targets"], serde_json::json!(["one/a weight=3 total=9s", "two/b"]));
    assert_eq!(added.json()["fallback"], serde_json::json!(["errors", "timeouts", "context_length"]));
    assert_eq!(added.notes().len(), 2, "neither has a price: {:?}", added.notes());

    let again = run(&books, &add).await.unwrap_err().to_string();
    assert_eq!(again, "there is a virtual model `smart` already; change it with --replace");
    let change =
        ["add", "smart", "--target", "two/b", "--strategy", "weighted", "--fallback", "none", "--replace"];
    run(&books, &change).await.unwrap();
    let listed = run(&books, &["list"]).await.unwrap();
    assert_eq!(listed.json()[0]["strategy"], "weighted");
    assert_eq!(listed.json()[0]["fallback"], serde_json::json!([]));
    assert!(listed.text().contains("smart"));

    run(&books, &["remove", "smart"]).await.unwrap();
    let gone = run(&books, &["remove", "smart"]).await.unwrap_err().to_string();
    assert_eq!(gone, "there is no virtual model `smart`");
}

#[tokio::test]
async fn what_is_wrong_with_a_virtual_model_is_said() {
    let books = books().await;
    for (words, said) in [
        (&["add", "one/smart", "--target", "two/b"][..], "begins with the name of the provider `one`"),
        (&["add", "smart", "--target", "three/b"], "`three/b` does not begin with the name of a provider"),
        (&["add", "smart", "--target", "b"], "accepts `provider/model`"),
        (&["add", "sm art", "--target", "two/b"], "a model's name is 1 to 256 letters"),
        (&["add", "smart"], "--target"),
        (&["add", "smart", "--target", "two/b", "--fallback", "sometimes"], "`none`, or some of `errors`"),
    ] {
        let refused = run(&books, words).await.unwrap_err().to_string();
        assert!(refused.contains(said), "{words:?}: {refused}");
    }
}
