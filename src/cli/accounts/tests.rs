use clap::Parser;
use hub_domain::memory::Memory;

use super::*;

#[derive(Parser)]
struct Line {
    #[command(subcommand)]
    command: Accounts,
}

async fn run(books: &Books, line: &str) -> Result<Output, Failure> {
    let words = std::iter::once("accounts").chain(line.split(' '));
    Line::try_parse_from(words).map_err(|error| Failure::Usage(error.to_string()))?.command.run(books).await
}

#[tokio::test]
async fn a_new_account_has_no_credits() {
    let books = Books::of(Memory::new());
    let made = run(&books, "create alice").await.unwrap();
    assert_eq!(made.json()["name"], "alice");
    assert_eq!(made.json()["balance"], "0");
    let shown = run(&books, &format!("show {}", made.json()["id"].as_str().unwrap())).await.unwrap();
    assert_eq!(shown.json(), made.json());
}

#[tokio::test]
async fn a_name_is_taken_once() {
    let books = Books::of(Memory::new());
    run(&books, "create alice").await.unwrap();
    let line = run(&books, "create alice").await.unwrap_err().to_string();
    assert_eq!(line, "an account with this name exists already");
}

#[tokio::test]
async fn granted_credits_can_be_spent() {
    let books = Books::of(Memory::new());
    run(&books, "create alice").await.unwrap();
    run(&books, "grant alice 100").await.unwrap();
    let granted = run(&books, "grant alice 0.5").await.unwrap();
    assert_eq!(granted.json()["balance"], "100.5");
}

#[tokio::test]
async fn a_grant_made_once_is_not_made_again() {
    let books = Books::of(Memory::new());
    run(&books, "create alice").await.unwrap();
    run(&books, "grant alice 100 --once invoice-1").await.unwrap();
    let again = run(&books, "grant alice 100 --once invoice-1").await.unwrap();
    assert_eq!(again.json()["balance"], "100");
    assert!(again.notes()[0].contains("before"));
}

#[tokio::test]
async fn an_unknown_account_is_named() {
    let books = Books::of(Memory::new());
    assert_eq!(run(&books, "grant bob 1").await.unwrap_err().to_string(), "there is no account `bob`");
    assert_eq!(run(&books, "show bob").await.unwrap_err().to_string(), "there is no account `bob`");
}

#[tokio::test]
async fn a_list_without_accounts_says_how_to_make_one() {
    let listed = run(&Books::of(Memory::new()), "list").await.unwrap();
    assert_eq!(listed.json(), &serde_json::json!([]));
    assert!(listed.text().contains("accounts create"));
}
