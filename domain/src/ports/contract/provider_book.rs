//! The contract of [`ProviderBook`](crate::ports::ProviderBook).

use std::time::Duration;

use super::World;
use super::stage::unique;
use crate::call::OnDisconnect;
use crate::ids::{CredentialId, ProviderId};
use crate::ports::{CredentialRecord, NewProvider, ProviderBookError, ProviderRecord, ProviderTimeouts};
use crate::routing::ProviderKind;

pub async fn provider_book(world: &dyn World) {
    a_provider_is_listed_as_it_was_added(world).await;
    a_name_is_taken_once_whatever_its_case(world).await;
    a_credential_is_added_to_a_provider(world).await;
    a_credential_is_weighed_and_removed(world).await;
    a_removed_provider_is_gone(world).await;
    every_change_of_providers_raises_the_settings_version(world).await;
}

fn credential() -> CredentialRecord {
    let id = CredentialId::new();
    CredentialRecord { id, tail: "wxyz".to_owned(), sealed: vec![0, 1, 254, 255], weight: 100 }
}

fn provider() -> NewProvider {
    NewProvider {
        id: ProviderId::new(),
        name: unique("provider"),
        kind: ProviderKind::OpenAi,
        base_url: Some("http://127.0.0.1:9/v1".to_owned()),
        on_disconnect: OnDisconnect::Drain,
        responses: Some(true),
        timeouts: Some(ProviderTimeouts {
            idle: Duration::from_millis(1_500),
            ..ProviderTimeouts::default()
        }),
        credentials: vec![credential(), credential()],
    }
}

async fn listed(world: &dyn World, id: ProviderId) -> Option<ProviderRecord> {
    world.providers().list().await.unwrap().into_iter().find(|record| record.id == id)
}

async fn a_provider_is_listed_as_it_was_added(world: &dyn World) {
    let new = provider();
    world.providers().add(new.clone()).await.unwrap();
    let record = listed(world, new.id).await.unwrap();

    assert_eq!((record.name, record.kind, record.base_url), (new.name, new.kind, new.base_url));
    assert_eq!(record.responses, new.responses);
    assert_eq!((record.on_disconnect, record.timeouts), (new.on_disconnect, new.timeouts));
    assert_eq!(record.credentials, new.credentials, "in their order");
    assert!(record.enabled);
}

async fn a_name_is_taken_once_whatever_its_case(world: &dyn World) {
    let first = provider();
    let again = NewProvider { name: first.name.to_uppercase(), ..provider() };
    world.providers().add(first).await.unwrap();
    let outcome = world.providers().add(again).await;
    assert!(matches!(outcome, Err(ProviderBookError::Taken)), "{outcome:?}");
}

async fn a_credential_is_added_to_a_provider(world: &dyn World) {
    let (new, third) = (provider(), credential());
    world.providers().add(new.clone()).await.unwrap();

    assert!(world.providers().add_credential(new.id, third.clone()).await.unwrap());
    let credentials = listed(world, new.id).await.unwrap().credentials;
    assert_eq!(credentials, [new.credentials.as_slice(), &[third]].concat());
    assert!(!world.providers().add_credential(ProviderId::new(), credential()).await.unwrap());
}

async fn a_credential_is_weighed_and_removed(world: &dyn World) {
    let (new, other) = (provider(), provider());
    let [first, second] = [new.credentials[0].clone(), new.credentials[1].clone()];
    world.providers().add(new.clone()).await.unwrap();
    world.providers().add(other.clone()).await.unwrap();

    let book = world.providers();
    assert!(book.weigh_credential(new.id, second.id, 7).await.unwrap());
    assert!(!book.weigh_credential(other.id, second.id, 9).await.unwrap(), "it belongs to another");
    let weighed = CredentialRecord { weight: 7, ..second.clone() };
    assert_eq!(listed(world, new.id).await.unwrap().credentials, [first.clone(), weighed.clone()]);

    assert!(!book.remove_credential(other.id, first.id).await.unwrap());
    assert!(book.remove_credential(new.id, first.id).await.unwrap());
    assert!(!book.remove_credential(new.id, first.id).await.unwrap());
    assert_eq!(listed(world, new.id).await.unwrap().credentials, [weighed]);
}

async fn a_removed_provider_is_gone(world: &dyn World) {
    let new = provider();
    world.providers().add(new.clone()).await.unwrap();

    assert!(world.providers().remove(&new.name).await.unwrap());
    assert!(listed(world, new.id).await.is_none());
    assert!(!world.providers().remove(&new.name).await.unwrap());
    world.providers().add(NewProvider { id: ProviderId::new(), ..new }).await.unwrap();
}

async fn every_change_of_providers_raises_the_settings_version(world: &dyn World) {
    let new = provider();
    let mut last = world.rates().settings_version().await.unwrap();
    let mut rises = async |what: &str| {
        let now = world.rates().settings_version().await.unwrap();
        assert!(now > last, "{what}");
        last = now;
    };
    world.providers().add(new.clone()).await.unwrap();
    rises("a new provider").await;
    world.providers().add_credential(new.id, credential()).await.unwrap();
    rises("a new credential").await;
    world.providers().weigh_credential(new.id, new.credentials[0].id, 1).await.unwrap();
    rises("another weight").await;
    world.providers().remove_credential(new.id, new.credentials[0].id).await.unwrap();
    rises("a credential less").await;
    world.providers().remove(&new.name).await.unwrap();
    rises("a provider less").await;
}
