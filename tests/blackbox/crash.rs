//! The crash test: traffic, SIGKILL at random moments, restart, repeat. Every answer that showed an amount
//! is settled with exactly that amount; every other accepted call is settled or voided, once; no hold is
//! left; balances are exact.
//!
//! `HUB_CRASH_KILLS` says how often (20), `HUB_CRASH_SEED` with which seed; `tests/crash` sets both.

use std::collections::HashMap;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::kit::{Kind, Record, Reply, Tokens, Units, World, play_within, price, units};

mod ledger;
mod traffic;

use ledger::Told;
use traffic::Traffic;

/// Clients at once.
const CLIENTS: u64 = 12;
/// What the upstream reports of every answer that it gives to the end.
const TOKENS: Tokens = Tokens::of(12, 5);

#[test]
fn every_amount_shown_survives_on_sqlite() {
    crash(Kind::Sqlite);
}

#[test]
fn every_amount_shown_survives_on_postgres() {
    crash(Kind::Postgres);
}

fn number(variable: &str) -> Option<u64> {
    Some(std::env::var(variable).ok()?.parse().unwrap_or_else(|_| panic!("{variable} must be a number")))
}

fn crash(kind: Kind) {
    let kills = number("HUB_CRASH_KILLS").unwrap_or(20);
    let seed = number("HUB_CRASH_SEED").unwrap_or_else(rand::random);
    eprintln!("crash test on {kind:?}: {kills} kills, seed {seed}");
    let limit = Duration::from_secs(120) + Duration::from_secs(10) * u32::try_from(kills).unwrap();
    play_within(limit, kind, async |world: &mut World| crash_world(world, kills, seed).await);
}

/// Answers at once, in pieces, slowly, and with failures before they succeed.
fn script(world: &World) {
    let pause = Duration::from_millis;
    let slow =
        Reply::stream().say("one").pause(pause(40)).say(" two").pause(pause(40)).say(" three").end(TOKENS);
    let late = Reply::default().pause(pause(60)).chat_after("late", TOKENS);
    world.upstream.script("quick", [Reply::chat("quick", Some(TOKENS))]);
    world.upstream.script("late", [late]);
    world.upstream.script("stream", [Reply::stream().say("one").say(" two").end(TOKENS)]);
    world.upstream.script("slow-stream", [slow]);
    world.upstream.script("cut-stream", [Reply::stream().say("one two three").pause(pause(10)).cut()]);
    world.upstream.script("down", [Reply::failure(400, "no")]);
}

async fn crash_world(world: &mut World, kills: u64, seed: u64) {
    script(world);
    world.set("HUB__LEASE__TTL", "3s");
    world.set("HUB__BOOTSTRAP__CREDITS", "100000000");
    world.set("HUB__RETRY__MAX_ATTEMPTS", "1");
    let mut random = StdRng::seed_from_u64(seed);
    let mut hub = world.start().await;
    let traffic = Traffic::start(CLIENTS, seed, hub.address);
    for _ in 0..kills {
        // Some lives end before anybody has an answer; most get that far, however slow the machine is.
        if random.random_ratio(3, 4) {
            traffic.answers_again().await;
        }
        tokio::time::sleep(Duration::from_millis(random.random_range(0..300))).await;
        hub.kill();
        world.forget_the_dead();
        hub = world.start().await;
        traffic.go_to(hub.address);
    }
    // A last stretch in which the living hub answers whoever is left.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let told = traffic.stop().await;
    let records = hub.settled_records().await;
    println!(
        "{kills} kills, seed {seed}: {} calls recorded, {} amounts shown",
        records.len(),
        told.amounts.len()
    );
    assert!(told.amounts.len() as u64 >= kills / 2, "the clients saw too little to prove anything");
    check(&told, &records);
    let charged: Units = records.iter().map(Record::cost).sum();
    assert_eq!(world.balance("bootstrap").await, units("100000000") - charged, "seed {seed}");
    // The repeats of whole answers are the answers.
    for (ask, answer) in &told.kept {
        let again = ask.at(hub.address).send().await.expect(200);
        assert_eq!((again.call_id(), &again.body), (answer.call_id(), &answer.body), "seed {seed}");
    }
    hub.stop().await;
}

fn check(told: &Told, records: &[Record]) {
    let by_id: HashMap<_, _> = records.iter().map(|record| (record.id.as_str(), record)).collect();
    assert_eq!(by_id.len(), records.len(), "no call has two records");
    for (call, amount) in &told.amounts {
        let record =
            by_id.get(call.as_str()).unwrap_or_else(|| panic!("call {call} showed an amount and is gone"));
        assert_eq!((record.status.as_str(), record.cost()), ("success", *amount), "call {call}");
    }
    for call in &told.accepted {
        assert!(by_id.contains_key(call.as_str()), "call {call} was accepted and is gone");
    }
    let mut charged_keys: HashMap<&str, u32> = HashMap::new();
    for record in records {
        match (record.status.as_str(), record.reason()) {
            ("success", _) => assert_eq!(record.cost(), price(TOKENS), "{record:?}"),
            ("failed", Some("stale")) => assert_eq!(record.cost(), 0, "{record:?}"),
            ("failed", _) => {}
            (other, _) => panic!("a call is {other}: {record:?}"),
        }
        if record.status == "success"
            && let Some(key) = record.request_id.as_deref().filter(|id| id.starts_with("key-"))
        {
            *charged_keys.entry(key).or_default() += 1;
        }
    }
    for (key, times) in charged_keys {
        assert_eq!(times, 1, "the idempotency key {key} was charged more than once");
    }
}
