use clap::Parser;
use hub_domain::memory::Memory;

use super::*;
use crate::compose::ensure_account;

#[derive(Parser)]
struct Line {
    #[command(subcommand)]
    command: Keys,
}

async fn run(books: &Books, line: &str) -> Result<Output, Failure> {
    let words = std::iter::once("keys").chain(line.split(' '));
    Line::try_parse_from(words).map_err(|error| Failure::Usage(error.to_string()))?.command.run(books).await
}

async fn with_alice() -> Books {
    let books = Books::of(Memory::new());
    ensure_account(books.accounts.as_ref(), "alice").await.unwrap();
    books
}

#[tokio::test]
async fn a_new_key_is_shown_once() {
    let books = with_alice().await;
    let made = run(&books, "create --account alice --name laptop").await.unwrap();
    let key = made.json()["key"].as_str().unwrap();
    assert!(key.starts_with("blocklet-"), "{key}");
    assert_eq!(made.json()["account_name"], "alice");
    let listed = run(&books, "list --account alice").await.unwrap();
    assert_eq!(listed.json()[0]["id"], made.json()["id"]);
    assert_eq!(listed.json()[0]["status"], "active");
    assert!(!listed.json().to_string().contains(key));
    assert!(!listed.text().contains(key));
}

#[tokio::test]
async fn a_key_needs_an_account_and_an_expiry_to_come() {
    let books = with_alice().await;
    let line = |result: Result<Output, Failure>| result.unwrap_err().to_string();
    assert_eq!(line(run(&books, "create --account bob").await), "there is no account `bob`");
    let past = line(run(&books, "create --account alice --expires 2020-01-01").await);
    assert!(past.contains("has passed"), "{past}");
}

#[tokio::test]
async fn an_expired_key_is_shown_as_such() {
    let memory = Memory::new();
    let books = Books::of(memory.clone());
    ensure_account(books.accounts.as_ref(), "alice").await.unwrap();
    run(&books, "create --account alice --expires 1h").await.unwrap();
    memory.clock().advance(std::time::Duration::from_secs(3601));
    assert_eq!(run(&books, "list").await.unwrap().json()[0]["status"], "expired");
}

#[tokio::test]
async fn a_key_is_revoked_once_and_an_unknown_one_is_named() {
    let books = with_alice().await;
    let made = run(&books, "create --account alice").await.unwrap();
    let revoke = format!("revoke {}", made.json()["id"].as_str().unwrap());
    assert!(run(&books, &revoke).await.unwrap().notes().is_empty());
    assert_eq!(run(&books, &revoke).await.unwrap().notes(), ["it was revoked before"]);
    assert_eq!(run(&books, "list").await.unwrap().json()[0]["status"], "revoked");
    let unknown = run(&books, "revoke 0197f0c4").await.unwrap_err().to_string();
    assert!(unknown.contains("0197f0c4"), "{unknown}");
}
