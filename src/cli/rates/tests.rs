use clap::Parser;
use hub_domain::memory::Memory;
use hub_domain::vocabulary::CallType;

use super::*;

#[derive(Debug, Parser)]
struct Line {
    #[command(subcommand)]
    command: Rates,
}

async fn run(books: &Books, line: &str) -> Result<Output, Failure> {
    let words = std::iter::once("rates").chain(line.split(' '));
    Line::try_parse_from(words).map_err(|error| Failure::Usage(error.to_string()))?.command.run(books).await
}

#[tokio::test]
async fn a_price_for_a_million_is_exact_for_one() {
    let books = Books::of(Memory::new());
    let set = run(&books, "set acme/m1 --input 2.5 --output 10 --input-cached 1.25").await.unwrap();
    assert_eq!(set.json()["version"], 1);
    assert_eq!(set.json()["prices"]["input_cached"], "1.25");
    let rates = books.rates.current().await.unwrap();
    assert_eq!(rates[0].prices.own(Meter::Input).unwrap().units(), 25_000);
    assert_eq!(rates[0].call_type, CallType::ChatCompletion);
}

#[tokio::test]
async fn another_price_is_another_version_and_the_same_one_is_not() {
    let books = Books::of(Memory::new());
    run(&books, "set acme/m1 --input 1 --output 2").await.unwrap();
    assert_eq!(run(&books, "set acme/m1 --input 1 --output 2").await.unwrap().json()["version"], 1);
    assert_eq!(run(&books, "set acme/m1 --input 1 --output 3").await.unwrap().json()["version"], 2);
    let listed = run(&books, "list --provider ACME").await.unwrap();
    assert_eq!(listed.json().as_array().unwrap().len(), 1);
    assert_eq!(listed.json()[0]["version"], 2);
}

#[tokio::test]
async fn every_meter_has_a_flag() {
    let books = Books::of(Memory::new());
    let flags: Vec<_> =
        Meter::ALL.iter().map(|meter| format!("--{} 3", meter.name().replace('_', "-"))).collect();
    let set = run(&books, &format!("set acme/m1 {}", flags.join(" "))).await.unwrap();
    for meter in Meter::ALL {
        assert_eq!(set.json()["prices"][meter.name()], "3", "{meter}");
    }
}

#[tokio::test]
async fn a_price_that_is_too_fine_or_missing_is_refused() {
    let books = Books::of(Memory::new());
    let refusal = async |line| run(&books, line).await.unwrap_err().to_string();
    let fine = refusal("set acme/m1 --input 0.00001 --output 1").await;
    assert!(fine.contains("--input") && fine.contains("the finest price is 0.0001"), "{fine}");
    let missing = refusal("set acme/m1 --output 1").await;
    assert!(missing.starts_with("--input is missing"), "{missing}");
    assert!(refusal("set acme/m1").await.contains("at least one price"));
    assert!(refusal("set m1 --input 1 --output 1").await.contains("PROVIDER/MODEL"));
    assert!(refusal("set acme/m1 --input -1 --output 1").await.contains("not negative"));
}

#[tokio::test]
async fn the_kind_of_call_is_told_by_the_prices_unless_it_is_given() {
    let books = Books::of(Memory::new());
    for (line, call_type) in [
        ("set acme/a --input 1 --output 2", "chatCompletion"),
        ("set acme/text-embedding --input 1", "embedding"),
        ("set acme/b --input 1", "embedding"),
        ("set acme/c --image 0.04", "imageGeneration"),
        ("set acme/d --character 15", "audioGeneration"),
        ("set acme/e --call-type embedding --input 1 --output 0", "embedding"),
        ("set acme/f --call-type video --second 0.1", "video"),
    ] {
        assert_eq!(run(&books, line).await.unwrap().json()["call_type"], call_type, "{line}");
    }
}

#[tokio::test]
async fn long_contexts_may_have_prices_of_their_own() {
    let books = Books::of(Memory::new());
    let set = run(&books, "set acme/long --input 1 --output 4 --tier 200000:input=2,output=8").await.unwrap();
    assert_eq!(set.json()["tiers"][0]["from_input_tokens"], 200_000);
    assert!(set.text().contains("from 200000 on: input 2, output 8"), "{}", set.text());
    let half = run(&books, "set acme/long --input 1 --output 4 --tier 200000:input=2").await;
    assert!(half.unwrap_err().to_string().starts_with("--output is missing"));
}
