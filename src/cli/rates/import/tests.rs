use clap::Parser;
use hub_domain::memory::Memory;
use hub_domain::meter::Meter;
use hub_domain::rates::Rate;
use hub_domain::vocabulary::CallType;
use serde_json::{Value, json};

use super::super::Rates;
use super::*;

#[derive(Debug, Parser)]
struct Line {
    #[command(subcommand)]
    command: Rates,
}

async fn run(books: &Books, words: &[&str]) -> Result<Output, Failure> {
    Line::try_parse_from(std::iter::once(&"rates").chain(words)).unwrap().command.run(books).await
}

/// Imports a text, with more words on the command line.
async fn import(books: &Books, text: &str, more: &[&str]) -> Result<Output, Failure> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let words: Vec<_> =
        ["import", file.path().to_str().unwrap()].into_iter().chain(more.iter().copied()).collect();
    run(books, &words).await
}

async fn in_force(books: &Books, model: &str) -> Rate {
    let rates = books.rates.current().await.unwrap();
    rates.into_iter().find(|rate| rate.model == model).unwrap_or_else(|| panic!("no rate of {model}"))
}

fn units(prices: &hub_domain::rates::Prices, meter: Meter) -> i64 {
    prices.own(meter).unwrap_or_else(|| panic!("no price of {meter}")).units()
}

const OWN: &str = r#"
source = "https://acme.test/prices"
date = "2026-11-25"

[[rates]]
provider = "acme"
model = "m1"
prices = { input = 2.5, input_cached = "0.25", output = 10 }
tiers = [{ from_input_tokens = 200001, prices = { input = 5, output = 15 } }]

[[rates]]
provider = "acme"
model = "paint"
call_type = "image"
prices = { image = 0.04 }
"#;

/// As LiteLLM's list has them.
const LITELLM: &str = r#"{
    "sample_spec": {"litellm_provider": "one of many", "input_cost_per_token": 0.0, "max_tokens": "text"},
    "gpt-5.4": {
        "cache_read_input_token_cost": 2.5e-07,
        "cache_read_input_token_cost_above_272k_tokens": 5e-07,
        "cache_read_input_token_cost_flex": 1.25e-07,
        "input_cost_per_token": 2.5e-06,
        "input_cost_per_image_token": 2.5e-06,
        "input_cost_per_token_above_272k_tokens": 5e-06,
        "output_cost_per_token": 1.5e-05,
        "output_cost_per_token_above_272k_tokens": 2.25e-05,
        "litellm_provider": "openai", "mode": "chat", "max_output_tokens": 128000
    },
    "1024-x-1024/dall-e-2": {"input_cost_per_pixel": 1.9e-08, "litellm_provider": "openai", "mode": "image_generation"},
    "dall-e-3": {"input_cost_per_image": 0.04, "output_cost_per_image": 0.0, "litellm_provider": "openai", "mode": "image_generation"},
    "whisper-1": {"input_cost_per_second": 0.0001, "output_cost_per_second": 0.0001, "litellm_provider": "openai", "mode": "audio_transcription"},
    "omni-moderation-latest": {"input_cost_per_token": 0.0, "litellm_provider": "openai", "mode": "moderation"},
    "gemini/gemini-x": {
        "input_cost_per_token": 1.25e-06, "output_cost_per_token": 5.46875e-07, "output_cost_per_reasoning_token": null,
        "input_cost_per_audio_token": 1e-06, "litellm_provider": "gemini", "mode": "chat",
        "search_context_cost_per_query": {"search_context_size_high": 0.035, "search_context_size_low": 0.035}
    },
    "claude-x": {
        "input_cost_per_token": 3e-06, "output_cost_per_token": 1.5e-05, "litellm_provider": "anthropic", "mode": "chat",
        "cache_creation_input_token_cost": 3.75e-06, "cache_creation_input_token_cost_above_1hr": 6e-06
    },
    "groq/openai/gpt-oss-20b": {"input_cost_per_token": 1e-07, "output_cost_per_token": 5e-07, "litellm_provider": "groq", "mode": "chat"},
    "twice": {"input_cost_per_token": 1e-07, "output_cost_per_token": 5e-07, "litellm_provider": "deepseek", "mode": "chat"},
    "deepseek/twice": {"input_cost_per_token": 1e-07, "output_cost_per_token": 6e-07, "litellm_provider": "deepseek", "mode": "chat"},
    "once": {"input_cost_per_token": 1e-07, "output_cost_per_token": 5e-07, "litellm_provider": "deepseek", "mode": "chat"},
    "deepseek/once": {"input_cost_per_token": 0.0000001, "output_cost_per_token": 5e-07, "litellm_provider": "deepseek", "mode": "chat"},
    "half": {"input_cost_per_token": 1e-07, "litellm_provider": "deepseek", "mode": "chat"},
    "nobody-knows": {"input_cost_per_token": 0.0, "output_cost_per_token": 0, "litellm_provider": "deepseek", "mode": "chat"},
    "groq/latest": {"alias_of": "groq/openai/gpt-oss-20b"},
    "rules": {"rules": []},
    "titan": {"input_cost_per_token": "broken", "litellm_provider": "bedrock", "mode": "chat"}
}"#;

#[tokio::test]
async fn the_hubs_own_list_is_imported_and_once_more_changes_nothing() {
    let books = Books::of(Memory::new());
    let done = import(&books, OWN, &[]).await.unwrap();
    assert_eq!((done.code(), done.json()["new"].as_array().unwrap().len()), (0, 2));
    assert_eq!(
        (&done.json()["source"], &done.json()["date"]),
        (&json!("https://acme.test/prices"), &json!("2026-11-25"))
    );
    assert!(done.notes()[0].contains("not set up yet: acme"), "{:?}", done.notes());
    let rate = in_force(&books, "m1").await;
    assert_eq!((units(&rate.prices, Meter::Input), units(&rate.prices, Meter::InputCached)), (25_000, 2_500));
    assert_eq!(
        (rate.tiers[0].from_input_tokens, units(&rate.tiers[0].prices, Meter::Output)),
        (200_001, 150_000)
    );
    assert_eq!(in_force(&books, "paint").await.call_type, CallType::ImageGeneration);

    let again = import(&books, OWN, &[]).await.unwrap();
    assert_eq!((&again.json()["new"], &again.json()["unchanged"]), (&json!([]), &json!(2)));
    assert_eq!(in_force(&books, "m1").await, rate);
}

#[tokio::test]
async fn what_changed_is_a_new_version_and_told_with_what_was_before() {
    let books = Books::of(Memory::new());
    run(&books, &["set", "acme/m1", "--input", "2", "--output", "10"]).await.unwrap();
    let done = import(&books, OWN, &[]).await.unwrap();
    let changed = &done.json()["changed"][0];
    assert_eq!((&changed["version"], &changed["before"]["prices"]["input"]), (&json!(2), &json!("2")));
    assert_eq!(in_force(&books, "m1").await.version, 2);
    assert!(done.text().contains("(before: input 2, output 10)"), "{}", done.text());
    assert!(done.text().contains("1 new, 1 changed, 0 unchanged"), "{}", done.text());
}

#[tokio::test]
async fn a_dry_run_tells_the_same_and_changes_nothing() {
    let books = Books::of(Memory::new());
    let dry = import(&books, OWN, &["--dry-run"]).await.unwrap();
    assert!(dry.text().contains("a dry run, nothing was written"), "{}", dry.text());
    assert!(books.rates.current().await.unwrap().is_empty());
    let done = import(&books, OWN, &[]).await.unwrap();
    assert_eq!(dry.json()["new"], done.json()["new"]);
}

#[tokio::test]
async fn what_the_list_command_prints_can_be_imported() {
    let books = Books::of(Memory::new());
    let flags: Vec<_> = Meter::ALL
        .iter()
        .zip(1..)
        .flat_map(|(meter, n)| [format!("--{}", meter.name().replace('_', "-")), format!("0.{n:04}")])
        .collect();
    let words: Vec<_> = ["set", "acme/all"].into_iter().chain(flags.iter().map(String::as_str)).collect();
    run(&books, &words).await.unwrap();
    import(&books, OWN, &[]).await.unwrap();
    let listed = run(&books, &["list"]).await.unwrap().json().to_string();

    let other = Books::of(Memory::new());
    import(&other, &listed, &[]).await.unwrap();
    let (mine, theirs) = (books.rates.current().await.unwrap(), other.rates.current().await.unwrap());
    let told = |rates: Vec<Rate>| -> Vec<_> {
        rates
            .into_iter()
            .map(|rate| (rate.provider, rate.model, rate.call_type, rate.prices, rate.tiers))
            .collect()
    };
    assert_eq!(told(mine), told(theirs));
}

#[tokio::test]
async fn of_litellms_list_the_providers_are_taken_that_are_asked_for() {
    let books = Books::of(Memory::new());
    let all = ["openai", "google", "anthropic", "groq", "deepseek"].map(|name| ["--provider", name]).concat();
    let done = import(&books, LITELLM, &all).await.unwrap();
    assert_eq!(done.code(), 0, "{}", done.text());

    let gpt = in_force(&books, "gpt-5.4").await;
    assert_eq!((gpt.provider.as_str(), units(&gpt.prices, Meter::InputCached)), ("openai", 2_500));
    assert_eq!(gpt.tiers[0].from_input_tokens, 272_001);
    assert_eq!(units(&gpt.tiers[0].prices, Meter::Output), 225_000);
    assert_eq!(gpt.tiers[0].prices.applied(Meter::InputImage).unwrap().units(), 50_000);
    let claude = in_force(&books, "claude-x").await.prices;
    let writes =
        [Meter::CacheWrite5m, Meter::CacheWrite1h, Meter::CacheWrite].map(|meter| units(&claude, meter));
    assert_eq!(writes, [37_500, 60_000, 37_500]);
    let gemini = in_force(&books, "gemini-x").await;
    assert_eq!((gemini.provider.as_str(), units(&gemini.prices, Meter::InputAudio)), ("google", 10_000));
    assert_eq!(units(&gemini.prices, Meter::Search), 350_000_000);
    assert_eq!(gemini.prices.own(Meter::OutputReasoning), None);
    assert_eq!(units(&in_force(&books, "dall-e-3").await.prices, Meter::Image), 400_000_000);
    assert_eq!(units(&in_force(&books, "whisper-1").await.prices, Meter::Second), 1_000_000);
    assert_eq!(in_force(&books, "openai/gpt-oss-20b").await.provider, "groq");
    assert_eq!(in_force(&books, "once").await.version, 1);

    let json = done.json();
    assert_eq!(
        json["rounded"],
        json!([
            {"model": "google/gemini-x", "meter": "output", "written": "5.46875e-07", "taken": "0.5469"}
        ])
    );
    assert_eq!(json["not_taken"], json!({"cache_read_input_token_cost_flex": 1}));
    assert_eq!(json["left_out"], json!({"bedrock": 1}));
    let mut skipped: Vec<_> =
        json["skipped"].as_array().unwrap().iter().map(|told| (&told["name"], &told["line"])).collect();
    skipped.sort_by_key(|(_, line)| line.as_u64());
    let names: Vec<_> = skipped.iter().map(|(name, _)| name.as_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "1024-x-1024/dall-e-2",
            "omni-moderation-latest",
            "twice",
            "deepseek/twice",
            "half",
            "nobody-knows",
            "rules"
        ]
    );
    assert_eq!(skipped[0].1, &json!(14));
}

#[tokio::test]
async fn a_provider_may_have_another_name_here() {
    let books = Books::of(Memory::new());
    import(&books, LITELLM, &["--provider", "groq=fast"]).await.unwrap();
    let rates = books.rates.current().await.unwrap();
    let named: Vec<_> = rates.iter().map(|rate| (rate.provider.as_str(), rate.model.as_str())).collect();
    assert_eq!(named, [("fast", "latest"), ("fast", "openai/gpt-oss-20b")]);
    assert_eq!(rates[0].prices, rates[1].prices);
    import(&books, OWN, &["--provider", "acme=other"]).await.unwrap();
    assert_eq!(in_force(&books, "m1").await.provider, "other");
}

#[tokio::test]
async fn without_a_name_the_providers_are_taken_that_are_set_up() {
    let books = Books::of(Memory::new());
    let done = import(&books, LITELLM, &[]).await.unwrap();
    assert_eq!((&done.json()["new"], &done.json()["left_out"]["openai"]), (&json!([]), &json!(5)));
    assert!(done.text().contains("openai 5"), "{}", done.text());
}

#[tokio::test]
async fn one_price_that_can_not_be_read_refuses_the_whole_file() {
    let books = Books::of(Memory::new());
    for (text, line, why) in [
        (OWN.replace("\"0.25\"", "\"a quarter\""), 5, "input_cached: `a quarter` is no price"),
        (OWN.replace("image = 0.04", "image = -0.04"), 11, "`-0.04` is negative"),
        (OWN.replace("image = 0.04", "picture = 0.04"), 11, "`picture` is no meter"),
        (OWN.replace("output = 10", "output = inf"), 5, "`inf` is no price"),
        (OWN.replace("call_type = \"image\"", "typ = \"image\""), 11, "`typ` is no part of a rate"),
        (OWN.replace("input = 2.5, ", ""), 5, "a price of `input` is missing"),
        (OWN.replace("\"paint\"", "\"pa int\""), 11, "PROVIDER/MODEL"),
        (
            OWN.replace("call_type = \"image\"\nprices = { image", "prices = { input = 1, output")
                .replace("\"paint\"", "\"m1\""),
            11,
            "twice",
        ),
    ] {
        let refused = import(&books, &text, &[]).await.unwrap();
        assert_eq!(refused.code(), 1, "{text}");
        let told = &refused.json()["refused"][0];
        assert_eq!(told["line"], line, "{told}");
        assert!(told["reason"].as_str().unwrap().contains(why), "{told}");
        assert!(refused.text().contains("refused, nothing was written"), "{}", refused.text());
    }
    let broken = import(&books, LITELLM, &["--provider", "bedrock", "--provider", "openai"]).await.unwrap();
    assert_eq!((broken.code(), &broken.json()["refused"][0]["name"]), (1, &json!("titan")));
    assert!(books.rates.current().await.unwrap().is_empty());
}

#[tokio::test]
async fn what_is_no_list_of_prices_is_refused_in_a_line() {
    let books = Books::of(Memory::new());
    for (text, why) in [
        ("{\"models\": {}}", "neither the hub's own list"),
        ("[[rates]]\nmodel = ", "line 2: no valid TOML"),
        ("{", "no valid JSON"),
        ("", "neither the hub's own list"),
    ] {
        let refused = import(&books, text, &[]).await.unwrap_err().to_string();
        assert!(refused.contains(why) && refused.lines().count() == 1, "{text}: {refused}");
    }
    let missing = run(&books, &["import", "/nowhere/prices.json"]).await.unwrap_err();
    assert!(missing.to_string().starts_with("/nowhere/prices.json: "), "{missing}");
}

#[tokio::test]
async fn a_rate_is_the_next_version_of_what_the_book_spells_otherwise() {
    let books = Books::of(Memory::new());
    let spelled = NewRate {
        provider: "ACME".to_owned(),
        model: "m1".to_owned(),
        call_type: CallType::ChatCompletion,
        prices: hub_domain::rates::Prices::default(),
        tiers: Vec::new(),
    };
    books.rates.set(spelled).await.unwrap();
    import(&books, OWN, &[]).await.unwrap();
    let rate = in_force(&books, "m1").await;
    assert_eq!((rate.provider.as_str(), rate.version), ("ACME", 2));
    let value: Value = import(&books, OWN, &[]).await.unwrap().json().clone();
    assert_eq!(value["unchanged"], 2);
}
