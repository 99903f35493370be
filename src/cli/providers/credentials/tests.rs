use clap::Parser;
use hub_domain::memory::Memory;

use super::super::Providers;
use super::*;

#[derive(Debug, Parser)]
struct Line {
    #[command(subcommand)]
    command: Providers,
}

async fn run(books: &Books, line: &str) -> Result<Output, Failure> {
    let environment = Environment::new([("ONE", "sk-0123456789abcdef"), ("TWO", "sk-fedcba9876543210")]);
    let line = Line::try_parse_from(std::iter::once("providers").chain(line.split(' ')));
    line.map_err(|error| Failure::Usage(error.to_string()))?.command.run(books, &environment).await
}

#[tokio::test]
async fn a_providers_keys_are_added_weighed_and_removed() {
    let books = Books::of(Memory::new());
    run(&books, "add acme --kind openai --base-url http://127.0.0.1:9/v1 --api-key-env ONE").await.unwrap();
    run(&books, "credentials add acme --api-key-env TWO --weight 7").await.unwrap();
    let shown = async || {
        let listed = run(&books, "credentials list acme").await.unwrap();
        let all = listed.json().as_array().unwrap().clone();
        all.iter()
            .map(|one| format!("{} {}", one["key"].as_str().unwrap(), one["weight"]))
            .collect::<Vec<_>>()
    };
    assert_eq!(shown().await, ["…cdef 100", "…3210 7"]);
    run(&books, "credentials weigh acme cdef 0").await.unwrap();
    assert_eq!(shown().await, ["…cdef 0", "…3210 7"]);
    run(&books, "credentials remove acme …3210").await.unwrap();
    assert_eq!(shown().await, ["…cdef 0"]);
    let found = in_force(&books, "acme").await.unwrap();
    assert_eq!(found.provider.credentials[0].weight, 0, "routing knows it");
}

#[tokio::test]
async fn what_is_wrong_with_a_key_is_said() {
    let books = Books::of(Memory::new());
    run(&books, "add acme --kind openai --base-url http://127.0.0.1:9/v1 --api-key-env ONE").await.unwrap();
    for (line, said) in [
        ("credentials add acme --api-key-env THREE", "the environment variable THREE is not set"),
        ("credentials add nobody --api-key-env TWO", "there is no provider `nobody`"),
        ("credentials remove acme wxyz", "the provider `acme` has no key `wxyz`"),
        ("credentials weigh acme cdef 1000001", "a whole number from 0 to 1000000"),
    ] {
        let refused = run(&books, line).await.unwrap_err().to_string();
        assert!(refused.contains(said), "{line}: {refused}");
    }
    run(&books, "credentials add acme --api-key-env ONE").await.unwrap();
    let ambiguous = run(&books, "credentials remove acme cdef").await.unwrap_err().to_string();
    assert!(ambiguous.contains("several keys end with"), "{ambiguous}");
}
