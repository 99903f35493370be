//! The contract of [`ModelBook`](crate::ports::ModelBook).

use std::time::Duration;

use super::World;
use super::stage::unique;
use crate::ports::{ModelBookError, NewVirtualModel};
use crate::routing::{Fallback, Strategy, Target, TargetTimeouts, VirtualModel};

pub async fn model_book(world: &dyn World) {
    a_virtual_model_is_listed_as_it_was_put(world).await;
    a_name_is_taken_once_unless_it_is_replaced(world).await;
    a_removed_virtual_model_is_gone(world).await;
    every_change_of_virtual_models_raises_the_settings_version(world).await;
}

fn model() -> NewVirtualModel {
    let timeouts = TargetTimeouts {
        first_content: Some(Duration::from_millis(1_500)),
        total: Some(Duration::from_secs(60)),
        ..TargetTimeouts::default()
    };
    let target = |model: &str, weight| Target { model: model.to_owned(), weight, timeouts };
    NewVirtualModel {
        name: unique("smart"),
        strategy: Strategy::Weighted,
        targets: vec![target("openai/gpt-5", 3), target("local/meta-llama/Llama-4", 0)],
        fallback: Fallback { timeouts: false, ..Fallback::ALL },
    }
}

async fn listed(world: &dyn World, name: &str) -> Option<VirtualModel> {
    world.models().list().await.unwrap().into_iter().find(|one| *one.name == *name)
}

async fn a_virtual_model_is_listed_as_it_was_put(world: &dyn World) {
    let new = model();
    let put = world.models().put(new.clone(), false).await.unwrap();
    let found = listed(world, &new.name).await.unwrap();
    assert_eq!(found, put);
    assert_eq!((found.strategy, found.targets, found.fallback), (new.strategy, new.targets, new.fallback));
    assert!(listed(world, &new.name.to_uppercase()).await.is_none(), "names have their case");
}

async fn a_name_is_taken_once_unless_it_is_replaced(world: &dyn World) {
    let first = model();
    let put = world.models().put(first.clone(), false).await.unwrap();
    let other = NewVirtualModel { strategy: Strategy::Ordered, fallback: Fallback::NONE, ..first.clone() };
    let outcome = world.models().put(other.clone(), false).await;
    assert!(matches!(outcome, Err(ModelBookError::Taken)), "{outcome:?}");
    assert_eq!(listed(world, &first.name).await, Some(put.clone()));

    world.models().put(other, true).await.unwrap();
    let found = listed(world, &first.name).await.unwrap();
    assert_eq!((found.strategy, found.fallback), (Strategy::Ordered, Fallback::NONE));
    assert_eq!(found.created, put.created);
    world.models().put(model(), true).await.unwrap();
}

async fn a_removed_virtual_model_is_gone(world: &dyn World) {
    let new = model();
    world.models().put(new.clone(), false).await.unwrap();
    assert!(world.models().remove(&new.name).await.unwrap());
    assert!(listed(world, &new.name).await.is_none());
    assert!(!world.models().remove(&new.name).await.unwrap());
}

async fn every_change_of_virtual_models_raises_the_settings_version(world: &dyn World) {
    let new = model();
    let mut last = world.rates().settings_version().await.unwrap();
    let mut rises = async |what: &str| {
        let now = world.rates().settings_version().await.unwrap();
        assert!(now > last, "{what}");
        last = now;
    };
    world.models().put(new.clone(), false).await.unwrap();
    rises("a new one").await;
    world.models().put(new.clone(), true).await.unwrap();
    rises("another in its place").await;
    world.models().remove(&new.name).await.unwrap();
    rises("one less").await;
}
