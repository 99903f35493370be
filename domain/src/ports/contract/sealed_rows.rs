//! The contract of [`SealedRows`](crate::ports::SealedRows).

use std::sync::Arc;

use super::stage::{Stage, tokens, unique};
use super::{World, books_are_clean};
use crate::call::OnDisconnect;
use crate::ids::{CredentialId, ProviderId};
use crate::ports::{
    ClaimEnd, ClaimState, Closing, CredentialRecord, NewCall, NewProvider, SealedAnswer, SealedKind,
    SealedPlace,
};
use crate::routing::ProviderKind;

/// Nobody else's texts begin so.
const OLD: &[u8] = b"\x01sealed:o";
const NEW: &[u8] = b"\x01sealed:n";

pub async fn sealed_rows(world: &dyn World) {
    every_text_is_found_counted_and_replaced(world).await;
    a_text_that_has_changed_meanwhile_is_left_alone(world).await;
    what_is_given_up_is_gone(world).await;
    a_sealing_key_is_named_as_a_change_of_settings(world).await;
    books_are_clean(world).await;
}

fn text(head: &[u8]) -> Vec<u8> {
    [head, unique("text").as_bytes()].concat()
}

/// A provider with two credentials.
async fn provider(world: &dyn World) -> Vec<(SealedPlace, Vec<u8>)> {
    let (provider, base_url) = (ProviderId::new(), Some("http://127.0.0.1:9/v1".to_owned()));
    let credential = || CredentialRecord {
        id: CredentialId::new(),
        tail: "wxyz".to_owned(),
        sealed: text(OLD),
        weight: 1,
    };
    let credentials = vec![credential(), credential()];
    let new = NewProvider {
        id: provider,
        name: unique("sealed"),
        kind: ProviderKind::OpenAi,
        base_url: base_url.clone(),
        on_disconnect: OnDisconnect::Cancel,
        responses: None,
        timeouts: None,
        credentials: credentials.clone(),
    };
    world.providers().add(new).await.unwrap();
    let place = |credential: CredentialRecord| {
        let place =
            SealedPlace::Credential { provider, credential: credential.id, base_url: base_url.clone() };
        (place, credential.sealed)
    };
    credentials.into_iter().map(place).collect()
}

/// A call whose answer is kept.
async fn answer(stage: &Stage<'_>) -> (SealedPlace, Vec<u8>) {
    let sealed = text(OLD);
    let call = NewCall { claim: Some(stage.claim()), ..stage.call(100, Some(100)) };
    let held = stage.open(&call).await;
    let idempotency = ClaimEnd::Keep(SealedAnswer(Arc::from(sealed.clone())));
    stage.close(Closing { idempotency, ..stage.settlement(&call, held, tokens(50, 50)) }).await;
    (SealedPlace::Answer(call.id), sealed)
}

/// All texts that don't begin so, read in small pages.
async fn other_than(world: &dyn World, head: &[u8]) -> Vec<(SealedPlace, Vec<u8>)> {
    let mut found: Vec<(SealedPlace, Vec<u8>)> = Vec::new();
    loop {
        let after = found.last().map(|(place, _)| place.clone());
        let page = world.sealed().other_than(head, after.as_ref(), 2).await.unwrap();
        assert!(page.len() <= 2);
        if page.is_empty() {
            return found;
        }
        found.extend(page);
    }
}

async fn counted(world: &dyn World, kind: SealedKind, head: &[u8]) -> u64 {
    let length = u8::try_from(head.len()).unwrap();
    let counts = world.sealed().counts(length).await.unwrap();
    counts.iter().filter(|count| count.what == kind && count.head == head).map(|count| count.rows).sum()
}

async fn every_text_is_found_counted_and_replaced(world: &dyn World) {
    let stage = Stage::set(world, 10_000).await;
    let mut own = provider(world).await;
    own.extend([answer(&stage).await, answer(&stage).await]);
    let found = other_than(world, NEW).await;
    for row in &own {
        assert_eq!(found.iter().filter(|other| *other == row).count(), 1, "{row:?}");
    }
    assert!(counted(world, SealedKind::Credential, OLD).await >= 2);
    assert!(counted(world, SealedKind::Answer, OLD).await >= 2);

    for (place, before) in &own {
        let now = text(NEW);
        assert!(world.sealed().replace(place, before, &now).await.unwrap());
        assert!(!world.sealed().replace(place, before, &now).await.unwrap(), "it stands there no more");
        assert!(!other_than(world, NEW).await.iter().any(|(other, _)| other == place));
        assert!(other_than(world, OLD).await.contains(&(place.clone(), now)));
    }
    assert!(counted(world, SealedKind::Credential, NEW).await >= 2);
}

async fn a_text_that_has_changed_meanwhile_is_left_alone(world: &dyn World) {
    let stage = Stage::set(world, 10_000).await;
    let mut own = provider(world).await;
    own.push(answer(&stage).await);
    for (place, before) in own {
        let (first, second) = (text(NEW), text(NEW));
        assert!(world.sealed().replace(&place, &before, &first).await.unwrap());
        assert!(!world.sealed().replace(&place, &before, &second).await.unwrap());
        assert!(!world.sealed().forget(&place, &before).await.unwrap());
        assert!(other_than(world, OLD).await.contains(&(place, first)));
    }
}

async fn what_is_given_up_is_gone(world: &dyn World) {
    let stage = Stage::set(world, 10_000).await;
    let claim = stage.claim();
    let call = NewCall { claim: Some(claim.clone()), ..stage.call(100, Some(100)) };
    let (held, sealed) = (stage.open(&call).await, text(OLD));
    let idempotency = ClaimEnd::Keep(SealedAnswer(Arc::from(sealed.clone())));
    stage.close(Closing { idempotency, ..stage.settlement(&call, held, tokens(50, 50)) }).await;
    assert!(world.sealed().forget(&SealedPlace::Answer(call.id), &sealed).await.unwrap());
    // The call was paid for: the same key must not pay once more.
    let found = world.answers().find(stage.account.id, &claim).await.unwrap();
    assert_eq!(found, Some(ClaimState::NotKept));

    let own = provider(world).await;
    let (place, sealed) = &own[0];
    assert!(world.sealed().forget(place, sealed).await.unwrap());
    let SealedPlace::Credential { provider, credential, .. } = place else { panic!("{place:?}") };
    let providers = world.providers().list().await.unwrap();
    let record = providers.iter().find(|record| record.id == *provider).unwrap();
    assert_eq!(record.credentials.len(), 1);
    assert_ne!(record.credentials[0].id, *credential);
}

async fn a_sealing_key_is_named_as_a_change_of_settings(world: &dyn World) {
    for name in [1, i64::MIN, -7] {
        let before = world.rates().settings_version().await.unwrap();
        world.sealed().set_sealing_key(name).await.unwrap();
        assert_eq!(world.sealed().sealing_key().await.unwrap(), Some(name));
        assert!(world.rates().settings_version().await.unwrap() > before);
    }
}
