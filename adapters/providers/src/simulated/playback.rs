//! Plays an answer at a model's pace, and breaks it where the model does.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use futures_util::stream;
use hub_domain::error::{ProviderError, UpstreamClass};
use hub_domain::meter::Meter;
use hub_domain::ports::FrameStream;
use hub_domain::transcription;
use hub_domain::usage::{Quantities, Usage};
use hub_domain::vocabulary::{EmbeddingVector, Event, Frame, ImageData, ImagesRequest, TranscriptionRequest};
use smallvec::SmallVec;
use tokio::time::{Instant, sleep, sleep_until};

use super::model::SimulatedModel;
use super::refusal;
use super::speech::Spoken;

/// What happens next.
#[derive(Debug)]
pub enum Step {
    Wait(Duration),
    Say(SmallVec<[Event; 2]>),
    Fail(ProviderError),
    /// Nothing more, ever.
    Hang,
}

/// How long the caller waits, as it would for an upstream.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    idle: Duration,
    until: Instant,
}

impl Patience {
    pub fn new(idle: Duration, total: Duration) -> Self {
        Self { idle, until: Instant::now() + total }
    }
}

/// Before the first token, and between two.
fn pace(model: SimulatedModel) -> (Duration, Duration) {
    use SimulatedModel::{Cut, ErrorInStream, Long, Reasoning, Slow, Stall};
    let (first, between) = match model {
        Slow => (500, 50),
        Reasoning => (100, 20),
        Cut | ErrorInStream | Stall => (100, 50),
        Long => (50, 5),
        _ => (0, 0),
    };
    (Duration::from_millis(first), Duration::from_millis(between))
}

/// What comes instead of the second half of an answer.
fn break_off(model: SimulatedModel) -> Option<Option<Step>> {
    match model {
        SimulatedModel::ErrorInStream => Some(Some(Step::Fail(refusal::in_the_middle()))),
        SimulatedModel::Stall => Some(Some(Step::Hang)),
        SimulatedModel::Cut => Some(None),
        _ => None,
    }
}

pub fn chat(model: SimulatedModel, choices: Vec<Spoken>, input: u64) -> Vec<Step> {
    let (first, between) = pace(model);
    let output = choices.iter().map(|spoken| spoken.output).sum();
    let reasoning = choices.iter().map(|spoken| spoken.reasoning).sum();
    let mut events: Vec<Event> = choices.into_iter().flat_map(|spoken| spoken.events).collect();
    let breaks = break_off(model);
    if breaks.is_some() {
        events.truncate(events.len().div_ceil(2));
    }
    let mut steps = vec![say(start(model))];
    for (number, event) in events.into_iter().enumerate() {
        let wait = if number == 0 { first } else { between };
        if !wait.is_zero() {
            steps.push(Step::Wait(wait));
        }
        steps.push(say(event));
    }
    if let Some(instead) = breaks {
        steps.extend(instead);
        return steps;
    }
    let quantities = Quantities::default()
        .with(Meter::Input, input)
        .with(Meter::Output, output)
        .with(Meter::OutputReasoning, reasoning);
    steps.push(end((model != SimulatedModel::NoUsage).then_some(quantities)));
    steps
}

pub fn embeddings(model: SimulatedModel, vectors: Vec<EmbeddingVector>, input: u64) -> Vec<Step> {
    let mut steps = vec![say(start(model))];
    steps.extend((0..).zip(vectors).map(|(index, vector)| say(Event::Embedding { index, vector })));
    steps.push(end(Some(Quantities::default().with(Meter::Input, input))));
    steps
}

/// A PNG of one white pixel, as base64.
const PIXEL: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mP4DwABAQEAHLCMmQAAAABJRU5ErkJggg==";

pub fn images(model: SimulatedModel, asked: &ImagesRequest, input: u64) -> Vec<Step> {
    let pixel = || ImageData::Base64(Bytes::from_static(PIXEL.as_bytes()));
    let images = asked.images.max(1);
    let sketches = if asked.stream { asked.partial_images } else { 0 };
    let mut steps = vec![say(start(model))];
    for index in 0..images {
        steps.extend((0..sketches).map(|_| say(Event::Sketch(pixel()))));
        steps.push(say(Event::Image { index, image: pixel(), revised_prompt: None }));
    }
    let quantities = Quantities::default().with(Meter::Input, input).with(Meter::Image, u64::from(images));
    steps.push(end(Some(quantities)));
    steps
}

pub fn audio(model: SimulatedModel, pieces: Vec<Bytes>, characters: u64) -> Vec<Step> {
    let mut steps = vec![say(start(model))];
    steps.extend(pieces.into_iter().map(|piece| say(Event::Audio(piece))));
    steps.push(end(Some(Quantities::default().with(Meter::Character, characters))));
    steps
}

pub fn transcript(model: SimulatedModel, text: String, transcription: &TranscriptionRequest) -> Vec<Step> {
    let seconds = transcription::likely_seconds(&transcription.form.upload);
    let mut steps = vec![say(start(model))];
    steps.extend(text.split_inclusive(' ').map(|word| say(Event::Text { choice: 0, text: word.to_owned() })));
    steps.push(end(Some(Quantities::default().with(Meter::Second, seconds))));
    steps
}

fn start(model: SimulatedModel) -> Event {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    Event::Start {
        id: format!("chatcmpl-sim{:016x}", rand::random::<u64>()),
        model: model.name().to_owned(),
        created: i64::try_from(now).ok(),
    }
}

fn say(event: Event) -> Step {
    Step::Say(SmallVec::from_iter([event]))
}

fn end(quantities: Option<Quantities>) -> Step {
    let usage = quantities.map(|quantities| Event::Usage(Usage { quantities, ..Usage::default() }));
    Step::Say(usage.into_iter().chain([Event::End]).collect())
}

pub fn play(steps: Vec<Step>, patience: Patience) -> FrameStream {
    Box::pin(stream::unfold(VecDeque::from(steps), move |mut steps| async move {
        loop {
            match steps.pop_front()? {
                Step::Wait(time) if Instant::now() + time < patience.until => sleep(time).await,
                Step::Wait(_) => {
                    sleep_until(patience.until).await;
                    return Some((Err(too_slow()), VecDeque::new()));
                }
                Step::Say(events) => return Some((Ok(Frame { raw: None, events }), steps)),
                Step::Fail(error) => return Some((Err(error), VecDeque::new())),
                Step::Hang => {
                    sleep_until(patience.until.min(Instant::now() + patience.idle)).await;
                    return Some((Err(silent()), VecDeque::new()));
                }
            }
        }
    }))
}

fn too_slow() -> ProviderError {
    ProviderError::new(UpstreamClass::Timeout, "the upstream's answer took too long", true)
}

fn silent() -> ProviderError {
    ProviderError::new(UpstreamClass::Timeout, "the upstream fell silent in the middle of its answer", true)
}
