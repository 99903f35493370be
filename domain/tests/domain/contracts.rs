//! The in-memory implementations keep the contracts of their ports.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_executor::block_on;
use hub_domain::ids::AccountId;
use hub_domain::memory::{
    CollectedUsage, KeptMedia, KnownTokens, ManualClock, MarkedSecrets, Memory, ScriptedProvider, WordCounter,
};
use hub_domain::ports::{Attempt, Fetched, ProviderTimeouts, contract};
use hub_domain::routing::{Candidate, Provider, ProviderKind, Route};
use hub_domain::vocabulary::{Canonical, ChatRequest, Event, Limits, Principal, Request, Role};

#[test]
fn a_store_in_memory_keeps_every_contract_of_a_store() {
    block_on(contract::store(&Memory::new()));
}

#[test]
fn a_manual_clock_keeps_the_contract() {
    block_on(contract::clock(&ManualClock::default()));
}

#[test]
fn marked_secrets_keep_the_contract() {
    contract::secrets(&MarkedSecrets);
}

#[test]
fn a_word_counter_keeps_the_contract() {
    block_on(contract::token_counter(&WordCounter));
}

#[test]
fn collected_usage_keeps_the_contract() {
    block_on(contract::usage_reporter(&CollectedUsage::default()));
}

#[test]
fn known_tokens_keep_the_contract() {
    let (tokens, account) = (KnownTokens::default(), AccountId::new());
    let principal = Principal {
        account,
        account_name: Arc::from("alice"),
        did: None,
        key: None,
        key_name: None,
        role: Role::Member,
        limits: Limits::default(),
        account_limits: Limits::default(),
    };
    tokens.know("a-token-of-alice", principal);
    block_on(contract::identity_verifier(&tokens, "a-token-of-alice", account));
}

#[test]
fn kept_media_keep_the_contract() {
    let url = "https://example.org/a.png";
    let png = Fetched { media_type: "image/png", bytes: Bytes::from_static(b"\x89PNG\r\n\x1a\n") };
    block_on(contract::egress(&KeptMedia([(url.to_owned(), png)].into()), url));
}

#[test]
fn a_scripted_provider_keeps_the_contract() {
    let text = Event::Text { choice: 0, text: "hello".to_owned() };
    let answer = || Ok(vec![Ok(text.clone()), Ok(Event::End)]);
    let provider = ScriptedProvider::new([answer(), answer(), answer()]);
    block_on(contract::model_provider(&provider, attempt()));
    assert_eq!(provider.attempts().len(), 3);
}

fn attempt() -> Attempt {
    let provider = Provider::new("scripted", ProviderKind::Simulated);
    let candidate = Candidate {
        provider: Arc::new(provider),
        model: Arc::from("model"),
        credential: None,
        rate: None,
        max_output_tokens: None,
        route: Route::single(ProviderTimeouts::default()),
    };
    Attempt {
        request: Arc::new(Request { source: None, canonical: Canonical::Chat(ChatRequest::default()) }),
        candidate,
        output_limit: None,
        traceparent: None,
        time_left: Duration::from_secs(1),
    }
}
