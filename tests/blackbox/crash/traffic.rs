//! Clients that go on asking, whatever happens to the hub.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::ledger::Told;
use crate::kit::{Answer, Ask, Client, Flow, KEY, eventually, shown};

/// Where the hub is now; `None` when it is over.
type Place = Option<SocketAddr>;

pub struct Traffic {
    place: watch::Sender<Place>,
    /// Amounts that clients have seen so far.
    shown: Arc<AtomicU64>,
    clients: Vec<JoinHandle<Told>>,
}

impl Traffic {
    pub fn start(clients: u64, seed: u64, address: SocketAddr) -> Self {
        let place = watch::Sender::new(Some(address));
        let shown = Arc::default();
        let client = |number| {
            let random = StdRng::seed_from_u64(seed.wrapping_add(number + 1));
            tokio::spawn(ask_on(number, random, place.subscribe(), Arc::clone(&shown)))
        };
        let clients = (0..clients).map(client).collect();
        Self { place, clients, shown }
    }

    pub fn go_to(&self, address: SocketAddr) {
        self.place.send_replace(Some(address));
    }

    /// Waits until somebody sees another amount.
    pub async fn answers_again(&self) {
        let before = self.shown.load(Ordering::Relaxed);
        eventually("a client has an answer", async || {
            (self.shown.load(Ordering::Relaxed) > before).then_some(())
        })
        .await;
    }

    /// Lets every client finish what it is at.
    pub async fn stop(self) -> Told {
        self.place.send_replace(None);
        let mut told = Told::default();
        for client in self.clients {
            told.add(client.await.unwrap());
        }
        told
    }
}

async fn ask_on(
    number: u64,
    mut random: StdRng,
    place: watch::Receiver<Place>,
    amounts: Arc<AtomicU64>,
) -> Told {
    let mut told = Told::default();
    for count in 0.. {
        let Some(address) = *place.borrow() else { break };
        let before = told.amounts.len();
        let ask = some_call(&Client::new(address, KEY), &mut random);
        if random.random_ratio(1, 4) {
            // A key of its own, repeated until there is an answer, as an SDK does.
            let key = format!("key-{number}-{count}");
            let ask = ask.idempotency_key(&key).header("x-request-id", &key);
            with_repeats(ask, &place, &mut told).await;
        } else if random.random_ratio(1, 6) {
            leave_early(&ask, &mut random, &mut told).await;
        } else if to_the_end(&ask, &mut told).await.is_none() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        amounts.fetch_add((told.amounts.len() - before) as u64, Ordering::Relaxed);
    }
    told
}

fn some_call(client: &Client, random: &mut StdRng) -> Ask {
    match random.random_range(0..100) {
        0..35 => client.chat("quick"),
        35..45 => client.chat("late"),
        45..70 => client.chat("stream").streamed_with_usage(),
        70..90 => client.chat("slow-stream").streamed_with_usage(),
        90..96 => client.chat("cut-stream").streamed_with_usage(),
        _ => client.chat("down"),
    }
}

/// Reads as far as it comes and writes down what was told. `None` where the hub died under it.
async fn to_the_end(ask: &Ask, told: &mut Told) -> Option<Answer> {
    let flow = ask.try_open().await.ok()?;
    if flow.head.status != 200 {
        return flow.whole().await.ok();
    }
    told.accepted.push(flow.head.call_id());
    let (answer, end) = flow.rest().await;
    note(&answer, told);
    end.is_ok().then_some(answer)
}

/// The amount that an answer shows, also one that broke off after it.
fn note(answer: &Answer, told: &mut Told) {
    if answer.header("content-type").is_some_and(|kind| kind.starts_with("text/event-stream")) {
        // An event is told when it is whole.
        let whole = answer.body.rsplit_once("\n\n").map_or("", |(events, _)| events);
        if let Some(usage) = whole.lines().find(|line| line.contains("aigneHubCredits")) {
            told.amounts.extend(shown(usage).map(|amount| (answer.call_id(), amount)));
        }
    } else if serde_json::from_str::<serde_json::Value>(&answer.body).is_ok() {
        told.amounts.extend(answer.cost().map(|amount| (answer.call_id(), amount)));
    }
}

async fn with_repeats(ask: Ask, place: &watch::Receiver<Place>, told: &mut Told) {
    loop {
        let Some(address) = *place.borrow() else { return };
        let ask = ask.at(address);
        match to_the_end(&ask, told).await {
            Some(answer) if answer.status() == 200 => {
                if answer.body.contains("aigneHubCredits") {
                    told.kept.push((ask, answer));
                }
                return;
            }
            // Still running, not ready, or no answer at all: again.
            Some(answer)
                if [409, 503].contains(&answer.status())
                    && answer.header("x-should-retry") == Some("true") => {}
            Some(_) => return,
            None => {}
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Leaves after a while, wherever the answer is.
async fn leave_early(ask: &Ask, random: &mut StdRng, told: &mut Told) {
    let patience = Duration::from_millis(random.random_range(0..80));
    let reading = async {
        let Ok(mut flow) = ask.try_open().await else { return };
        if flow.head.status == 200 {
            told.accepted.push(flow.head.call_id());
            read_on(&mut flow, told).await;
        }
    };
    let _ = tokio::time::timeout(patience, reading).await;
}

async fn read_on(flow: &mut Flow, told: &mut Told) {
    while let Ok(Some(event)) = flow.try_next().await {
        if event.contains("aigneHubCredits") {
            told.amounts.extend(shown(&event).map(|amount| (flow.head.call_id(), amount)));
        }
    }
}
