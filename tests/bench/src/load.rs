//! Load: as fast as so many connections can, or at a constant rate whatever the answers do.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::LocalSet;

use crate::wire::Connection;

/// What a load saw.
#[derive(Debug, Default)]
pub struct Seen {
    pub answers: u64,
    pub failures: u64,
    pub first_failure: Option<String>,
    pub elapsed: Duration,
    /// Sorted, in microseconds. Only at a constant rate.
    pub latencies: Vec<u64>,
}

impl Seen {
    pub fn per_second(&self) -> f64 {
        self.answers as f64 / self.elapsed.as_secs_f64()
    }

    /// The latency that so many of a thousand answers don't exceed, in microseconds.
    pub fn quantile(&self, per_mille: usize) -> u64 {
        let rank = (self.latencies.len() * per_mille).div_ceil(1000).max(1) - 1;
        self.latencies.get(rank).copied().unwrap_or(0)
    }

    fn note(&mut self, answer: io::Result<(u16, bool)>) {
        match answer {
            Ok((200, true)) => self.answers += 1,
            other => {
                self.failures += 1;
                self.first_failure.get_or_insert_with(|| format!("{other:?}"));
            }
        }
    }
}

/// A request, and a text that every right answer has.
pub struct Request {
    pub bytes: Vec<u8>,
    pub expected: &'static [u8],
}

impl Request {
    pub fn post(path: &str, key: &str, body: &str, expected: &'static [u8]) -> Self {
        let bytes = format!(
            "POST {path} HTTP/1.1\r\nhost: hub\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        Self { bytes: bytes.into_bytes(), expected }
    }

    pub async fn send(&self, connection: &mut Connection) -> io::Result<(u16, bool)> {
        connection.write(&self.bytes).await?;
        let answer = connection.answer().await?;
        Ok((answer.status, memchr::memmem::find(&answer.body, self.expected).is_some()))
    }
}

/// So many connections, each sending its next request when it has its answer.
pub async fn closed(port: u16, request: Rc<Request>, connections: usize, time: Duration) -> Seen {
    let seen = Rc::new(RefCell::new(Seen::default()));
    let started = Instant::now();
    let local = LocalSet::new();
    for _ in 0..connections {
        let (request, seen) = (Rc::clone(&request), Rc::clone(&seen));
        local.spawn_local(async move {
            let mut connection = match Connection::open(port).await {
                Ok(connection) => connection,
                Err(error) => return seen.borrow_mut().note(Err(error)),
            };
            while started.elapsed() < time {
                let answer = request.send(&mut connection).await;
                let is_broken = answer.is_err();
                seen.borrow_mut().note(answer);
                if is_broken {
                    return;
                }
            }
        });
    }
    local.await;
    finish(seen, started)
}

/// So many requests a second. Each is sent when its time has come, on an idle connection or a new one,
/// and its latency counts from that time: answers that are late delay no request (no coordinated
/// omission).
pub async fn at_rate(port: u16, request: Rc<Request>, per_second: u32, time: Duration) -> Seen {
    let seen = Rc::new(RefCell::new(Seen::default()));
    let idle: Rc<RefCell<Vec<Connection>>> = Rc::default();
    let local = LocalSet::new();
    let started = Instant::now();
    local
        .run_until(async {
            let mut running = Vec::new();
            let mut tick = tokio::time::interval(Duration::from_secs(1) / per_second);
            tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Burst);
            while started.elapsed() < time {
                tick.tick().await;
                let due = Instant::now();
                let (request, seen, idle) = (Rc::clone(&request), Rc::clone(&seen), Rc::clone(&idle));
                running.push(tokio::task::spawn_local(async move {
                    let free = idle.borrow_mut().pop();
                    let mut connection = match free {
                        Some(connection) => connection,
                        None => match Connection::open(port).await {
                            Ok(connection) => connection,
                            Err(error) => return seen.borrow_mut().note(Err(error)),
                        },
                    };
                    let answer = request.send(&mut connection).await;
                    let latency = u64::try_from(due.elapsed().as_micros()).unwrap_or(u64::MAX);
                    if answer.is_ok() {
                        idle.borrow_mut().push(connection);
                        seen.borrow_mut().latencies.push(latency);
                    }
                    seen.borrow_mut().note(answer);
                }));
            }
            for task in running {
                let _ = task.await;
            }
        })
        .await;
    let mut seen = finish(seen, started);
    seen.latencies.sort_unstable();
    seen
}

fn finish(seen: Rc<RefCell<Seen>>, started: Instant) -> Seen {
    let mut seen = seen.take();
    seen.elapsed = started.elapsed();
    seen
}
