//! A runner that does what a test says.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_core::Stream;
use hub_domain::bound::{OutputLimits, bound};
use hub_domain::error::CallError;
use hub_domain::ids::CallId;
use hub_domain::meter::Meter;
use hub_domain::money::Credits;
use hub_domain::ports::{
    AnswerRecorder, CallRunner, Claim, ClaimState, Estimate, IncomingCall, KeptAnswer, RunOutcome,
};
use hub_domain::quote::{HoldPolicy, Quote};
use hub_domain::routing::Candidates;
use hub_domain::routing::Snapshot;
use hub_domain::upstream_health::Trouble;
use hub_domain::usage::{Quantities, Usage};
use hub_domain::vocabulary::{
    Answer, AnswerItem, Canonical, Dialect, EmbeddingVector, Event, FinishReason, Frame, Principal, Receipt,
    Request,
};
use smallvec::smallvec;
use tokio::sync::mpsc;

/// What every call of these tests costs.
pub const COST: &str = "0.0000012345";

/// What becomes of a call.
#[derive(Clone)]
pub enum Script {
    /// Answers at once with these pieces.
    Says(Vec<&'static str>),
    /// Waits for what the test does with the [`LiveCall`].
    Live,
    /// As `Live`, but the runner never returns.
    Hangs,
    Refuses(CallError),
    FailsUpstream(CallError),
    /// Says one piece and fails.
    BreaksOff(CallError),
    /// Answers with an upstream's own JSON, one frame for each.
    Raw(Vec<&'static str>),
    /// Ends without a receipt or an error.
    SaysNothing,
}

/// A call in the hands of a test.
pub struct LiveCall {
    pub id: CallId,
    out: mpsc::Sender<AnswerItem>,
}

/// A call as it arrived.
#[derive(Clone)]
pub struct Arrived {
    pub id: CallId,
    pub request: Request,
    pub request_id: String,
    pub traceparent: Option<String>,
    pub app_did: Option<String>,
}

enum Kept {
    Running,
    Answer(CallId, KeptAnswer),
}

/// By their scopes.
type Claims = HashMap<[u8; 32], (Claim, Kept)>;

pub struct FakeRunner {
    snapshot: Arc<Snapshot>,
    script: Mutex<Script>,
    arrived: Mutex<Vec<Arrived>>,
    claims: Arc<Mutex<Claims>>,
    live: (mpsc::Sender<LiveCall>, tokio::sync::Mutex<mpsc::Receiver<LiveCall>>),
}

pub fn receipt(call: CallId) -> Receipt {
    let quantities = Quantities::default().with(Meter::Input, 7).with(Meter::Output, 3);
    Receipt {
        call,
        usage: Usage { quantities, ..Usage::default() },
        charged: Some(COST.parse::<Credits>().unwrap()),
    }
}

pub fn says(text: &str) -> Frame {
    Frame { raw: None, events: smallvec![Event::Text { choice: 0, text: text.to_owned() }] }
}

fn start() -> Frame {
    let event = Event::Start { id: "up-1".into(), model: "chat-2025".into(), created: Some(1_700_000_000) };
    Frame { raw: None, events: smallvec![event] }
}

fn finish() -> Frame {
    Frame {
        raw: None,
        events: smallvec![Event::Finish { choice: 0, reason: FinishReason::Stop }, Event::End],
    }
}

fn vector(index: u32) -> Frame {
    let vector = EmbeddingVector::Json("[0.5,-0.25]".into());
    Frame { raw: None, events: smallvec![Event::Embedding { index, vector }] }
}

impl LiveCall {
    pub async fn say(&self, text: &str) {
        self.out.send(AnswerItem::Frame(says(text))).await.unwrap();
    }

    pub async fn begin(&self) {
        self.out.send(AnswerItem::Frame(start())).await.unwrap();
    }

    pub async fn finish(&self) {
        self.out.send(AnswerItem::Frame(finish())).await.unwrap();
        self.out.send(AnswerItem::Settled(receipt(self.id))).await.unwrap();
    }

    pub async fn fail(&self, error: CallError) {
        self.out.send(AnswerItem::Failed(error)).await.unwrap();
    }

    /// Whether the client's end of the answer is gone within the time.
    pub async fn is_left_within(&self, time: Duration) -> bool {
        tokio::time::timeout(time, self.out.closed()).await.is_ok()
    }
}

struct Items {
    items: mpsc::Receiver<AnswerItem>,
    recorder: Option<(Box<dyn AnswerRecorder>, Claim)>,
    claims: Arc<Mutex<Claims>>,
}

/// Records on the way, where the real runner does it before; the bytes are the same.
impl Stream for Items {
    type Item = AnswerItem;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<AnswerItem>> {
        let item = std::task::ready!(self.items.poll_recv(cx));
        if let (Some(item), Some((recorder, _))) = (&item, &mut self.recorder) {
            recorder.push(item);
        }
        if let Some(AnswerItem::Settled(receipt)) = &item
            && let Some((recorder, claim)) = self.recorder.take()
        {
            let mut claims = self.claims.lock().unwrap();
            match recorder.finish(receipt) {
                Some(answer) => claims.insert(claim.scope, (claim, Kept::Answer(receipt.call, answer))),
                None => claims.remove(&claim.scope),
            };
        }
        Poll::Ready(item)
    }
}

impl FakeRunner {
    pub fn new(snapshot: Arc<Snapshot>) -> Self {
        let (sender, receiver) = mpsc::channel(1_000);
        Self {
            snapshot,
            script: Mutex::new(Script::Says(vec!["Hello", ", world"])),
            arrived: Mutex::default(),
            claims: Arc::default(),
            live: (sender, tokio::sync::Mutex::new(receiver)),
        }
    }

    pub fn plays(&self, script: Script) {
        *self.script.lock().unwrap() = script;
    }

    /// Calls that got past admission, replays excluded.
    pub fn arrived(&self) -> Vec<Arrived> {
        self.arrived.lock().unwrap().clone()
    }

    pub fn forget(&self) {
        self.arrived.lock().unwrap().clear();
    }

    pub async fn live_call(&self) -> LiveCall {
        let mut calls = self.live.1.lock().await;
        tokio::time::timeout(Duration::from_secs(5), calls.recv()).await.expect("a call to arrive").unwrap()
    }

    fn claim(&self, claim: &Claim) -> Result<Option<RunOutcome>, CallError> {
        let mut claims = self.claims.lock().unwrap();
        let Some((before, kept)) = claims.get(&claim.scope) else {
            claims.insert(claim.scope, (claim.clone(), Kept::Running));
            return Ok(None);
        };
        match kept {
            _ if before.fingerprint != claim.fingerprint => {
                Err(hub_domain::use_cases::admit::claim_error(&ClaimState::Mismatch))
            }
            Kept::Running => Err(CallError::IdempotencyInProgress),
            Kept::Answer(call, answer) => {
                Ok(Some(RunOutcome::Replay { call: *call, answer: answer.clone() }))
            }
        }
    }
}

fn frames(script: &Script, canonical: &Canonical) -> Vec<Frame> {
    match (script, canonical) {
        (Script::Raw(pieces), _) => {
            let raw = |piece: &&'static str| Frame {
                raw: Some((Dialect::OpenAi, Bytes::from_static(piece.as_bytes()))),
                events: smallvec![Event::Text { choice: 0, text: "raw".into() }],
            };
            pieces.iter().map(raw).collect()
        }
        (_, Canonical::Embeddings(embeddings)) => {
            let end = Frame { raw: None, events: smallvec![Event::End] };
            (0..).take(embeddings.inputs.len()).map(vector).chain([end]).collect()
        }
        (Script::Says(pieces), _) => {
            let pieces = pieces.iter().map(|piece| says(piece));
            std::iter::once(start()).chain(pieces).chain([finish()]).collect()
        }
        (Script::BreaksOff(_), _) => vec![start(), says("Hel")],
        _ => Vec::new(),
    }
}

#[async_trait]
impl CallRunner for FakeRunner {
    async fn count_input(&self, request: &Request) -> Result<u64, CallError> {
        let canonical = &request.canonical;
        self.snapshot.resolve(canonical.model(), canonical.call_type(), true)?;
        Ok(hub_domain::bound::texts(canonical).iter().map(|text| text.len() as u64).sum())
    }

    async fn run(&self, _principal: Principal, incoming: IncomingCall) -> Result<RunOutcome, CallError> {
        let canonical = &incoming.request.canonical;
        let candidates = self.snapshot.resolve(canonical.model(), canonical.call_type(), true)?;
        let model = format!("{}/{}", candidates[0].provider.name, candidates[0].model);
        let script = self.script.lock().unwrap().clone();
        if let Script::Refuses(error) = script {
            return Err(error);
        }
        let id = CallId::new();
        let mut recorder = None;
        if let Some(asked) = incoming.idempotency {
            if let Some(replay) = self.claim(&asked.claim)? {
                return Ok(replay);
            }
            let mut own = asked.recorder;
            own.begin(id, &model);
            recorder = Some((own, asked.claim));
        }
        let frames = frames(&script, canonical);
        self.arrived.lock().unwrap().push(Arrived {
            id,
            request: incoming.request,
            request_id: incoming.request_id,
            traceparent: incoming.traceparent,
            app_did: incoming.app_did,
        });
        if let Script::FailsUpstream(error) = script {
            return Ok(RunOutcome::Failed { call: id, error });
        }
        let (out, items) = mpsc::channel(32);
        for frame in frames {
            out.send(AnswerItem::Frame(frame)).await.unwrap();
        }
        match script {
            Script::Hangs => {
                self.live.0.send(LiveCall { id, out }).await.unwrap();
                std::future::pending::<()>().await;
            }
            Script::Live => self.live.0.send(LiveCall { id, out }).await.unwrap(),
            Script::BreaksOff(error) => out.send(AnswerItem::Failed(error)).await.unwrap(),
            Script::SaysNothing => {}
            _ => out.send(AnswerItem::Settled(receipt(id))).await.unwrap(),
        }
        let items = Items { items, recorder, claims: Arc::clone(&self.claims) };
        Ok(RunOutcome::Answer(Answer { call: id, model, dropped: Vec::new(), items: Box::pin(items) }))
    }

    fn reachable(&self, _: Candidates) -> Result<(), CallError> {
        Ok(())
    }

    fn troubles(&self) -> Vec<Trouble> {
        Vec::new()
    }

    async fn quote(&self, _principal: &Principal, request: &Request) -> Result<Estimate, CallError> {
        let canonical = &request.canonical;
        let candidates = self.snapshot.resolve(canonical.model(), canonical.call_type(), true)?;
        let (candidate, balance) = (&candidates[0], "100".parse().unwrap());
        let rate = candidate.rate.as_deref().unwrap();
        let limits = OutputLimits {
            model_max: candidate.max_output_tokens,
            operator_max: u64::MAX,
            uncapped_default: 1_000,
        };
        let quote = Quote::new(bound(canonical, limits), rate, HoldPolicy::default()).unwrap();
        let full = quote.full().unwrap();
        Ok(Estimate {
            model: format!("{}/{}", candidate.provider.name, candidate.model),
            rate: Some(rate.id),
            rate_version: Some(rate.version),
            lines: quote.lines(rate, full.output_limit.unwrap_or(0)).unwrap(),
            full,
            covered: quote.size(balance).ok(),
            quote,
            balance,
        })
    }
}
