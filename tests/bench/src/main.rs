//! Measures the hub with all accounting on (key check, hold, durable intent, settlement; SQLite) beside
//! nginx as a pass-through proxy. Both run on one core, in turns within one run; load and fake upstream
//! run on another. Only ratios of one run are worth comparing. A bare proxy on the hub's own libraries is
//! measured with them: the floor that the hub's figures are to be read against.

mod bare;
mod books;
mod load;
mod process;
mod report;
mod upstream;
mod wire;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

use load::{Request, Seen};
use process::Program;
use report::{Report, Stretch};
use wire::Connection;

/// The hub's, so that the bare proxy is not slower for its allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const KEY: &str = "bench-key-0123456789";
const PATH: &str = "/v1/chat/completions";
/// Connections of a full load.
const CONNECTIONS: usize = 64;
const STREAM_CONNECTIONS: usize = 32;
/// Connections of as many streams as a core can.
const FULL_STREAM_CONNECTIONS: usize = 128;
const RATE: u32 = 1_000;
const OPEN_STREAMS: usize = 2_000;
/// Connections opened at once, so that the backlog of a single core is not what is measured.
const OPENING: usize = 50;

const HELP: &str = "\
usage: tests/bench/run [--seconds N] [--rounds N] [--json]
       tests/bench/run --profile whole|stream|translated|steady|books|bare [--seconds N]

  --seconds N   how long each load lasts (5)
  --rounds N    how often nginx and the hub take turns (3)
  --json        print JSON
  --profile L   only this load; the id of the process to profile is printed first";

struct Options {
    hub: PathBuf,
    time: Duration,
    rounds: usize,
    json: bool,
    profile: Option<String>,
}

fn options() -> Result<Options, String> {
    let mut options =
        Options { hub: PathBuf::new(), time: Duration::from_secs(5), rounds: 3, json: false, profile: None };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value\n\n{HELP}"));
        let number = |text: String| text.parse::<u32>().map_err(|_| format!("`{text}` is no number"));
        match word.as_str() {
            "--hub" => options.hub = value()?.into(),
            "--seconds" => options.time = Duration::from_secs(number(value()?)?.max(1).into()),
            "--rounds" => options.rounds = usize::try_from(number(value()?)?.max(1)).unwrap_or(1),
            "--json" => options.json = true,
            "--profile" => options.profile = Some(value()?),
            _ => return Err(HELP.to_owned()),
        }
    }
    Ok(options)
}

fn chat(stream: bool) -> Rc<Request> {
    let tail = if stream { r#","stream":true,"stream_options":{"include_usage":true}"# } else { "" };
    let body = format!(
        r#"{{"model":"{MODEL}","messages":[{{"role":"system","content":"You are a helpful assistant that answers in one short paragraph."}},{{"role":"user","content":"What is the capital of France, and where does it lie?"}}],"temperature":0.2,"max_tokens":200,"user":"bench"{tail}}}"#
    );
    Rc::new(Request::post(PATH, KEY, &body, if stream { b"[DONE]" } else { b"Paris" }))
}

const MODEL: &str = "openai/gpt-4o-mini";

/// The same stream, asked for in Anthropic's dialect: each chunk is translated.
fn translated() -> Rc<Request> {
    let body = format!(
        r#"{{"model":"{MODEL}","system":"You are a helpful assistant that answers in one short paragraph.","messages":[{{"role":"user","content":"What is the capital of France, and where does it lie?"}}],"temperature":0.2,"max_tokens":200,"stream":true}}"#
    );
    Rc::new(Request::post("/v1/messages", KEY, &body, b"event: message_stop"))
}

/// A request whose stream the fake upstream never ends; the user's name tells it so.
fn endless() -> Rc<Request> {
    let body = format!(
        r#"{{"model":"{MODEL}","messages":[{{"role":"user","content":"Tell me everything."}}],"max_tokens":200,"user":"bench-open","stream":true}}"#
    );
    Rc::new(Request::post(PATH, KEY, &body, b"[DONE]"))
}

/// One load on one program, with the CPU time that it took there.
async fn stretch(
    program: &Program,
    request: &Rc<Request>,
    connections: usize,
    time: Duration,
) -> Result<Stretch, Box<dyn Error>> {
    let before = program.cpu()?;
    let seen = load::closed(program.port, Rc::clone(request), connections, time).await;
    let cpu = program.cpu()?.saturating_sub(before);
    check(&seen)?;
    Ok(Stretch { per_second: seen.per_second(), cpu_each: cpu.as_secs_f64() * 1e6 / seen.answers as f64 })
}

fn check(seen: &Seen) -> Result<(), Box<dyn Error>> {
    match &seen.first_failure {
        Some(failure) => {
            Err(format!("{} of the requests failed; the first: {failure}", seen.failures).into())
        }
        None if seen.answers == 0 => Err("no answer came".into()),
        None => Ok(()),
    }
}

/// Memory that so many open streams take, for each, in KiB.
async fn open_streams(program: &Program) -> Result<f64, Box<dyn Error>> {
    let request = endless();
    let before = program.resident_kib()?;
    let mut open = Vec::with_capacity(OPEN_STREAMS);
    while open.len() < OPEN_STREAMS {
        let opening = (0..OPENING).map(|_| async {
            let mut connection = Connection::open(program.port).await?;
            connection.write(&request.bytes).await?;
            connection.begun(b"HTTP/1.1 200".len() + 200).await?;
            Ok::<_, std::io::Error>(connection)
        });
        for connection in futures_util::future::join_all(opening).await {
            open.push(connection?);
        }
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let after = program.resident_kib()?;
    Ok((after.saturating_sub(before)) as f64 / OPEN_STREAMS as f64)
}

async fn measure(options: &Options) -> Result<Report, Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let upstream = upstream::start()?;
    let (whole, stream, translated) = (chat(false), chat(true), translated());
    let mut report = Report::default();

    for _ in 0..options.rounds {
        let fresh = tempfile::tempdir_in(dir.path())?;
        let started = Instant::now();
        let hub = process::hub(&options.hub, fresh.path(), KEY, upstream)?;
        hub.first_right_answer(&whole).await?;
        report.start_ms.push(started.elapsed().as_secs_f64() * 1e3);
    }

    let data = dir.path().join("hub");
    std::fs::create_dir(&data)?;
    let hub = process::hub(&options.hub, &data, KEY, upstream)?;
    hub.first_right_answer(&whole).await?;
    let nginx = process::nginx(dir.path(), upstream)?;
    if let Some(nginx) = &nginx {
        nginx.first_right_answer(&whole).await?;
    }
    let bare = process::bare(upstream)?;
    bare.first_right_answer(&whole).await?;
    for _ in 0..options.rounds {
        let direct = load::at_rate(upstream, Rc::clone(&whole), RATE, options.time).await;
        check(&direct)?;
        report.direct.push((direct.quantile(500), direct.quantile(990)));
        let programs = [
            (nginx.as_ref(), &mut report.nginx),
            (Some(&bare), &mut report.bare),
            (Some(&hub), &mut report.hub),
        ];
        for (program, side) in programs {
            let Some(program) = program else { continue };
            side.whole.push(stretch(program, &whole, CONNECTIONS, options.time).await?);
            side.stream.push(stretch(program, &stream, STREAM_CONNECTIONS, options.time).await?);
            side.full_stream.push(stretch(program, &stream, FULL_STREAM_CONNECTIONS, options.time).await?);
            let steady = load::at_rate(program.port, Rc::clone(&whole), RATE, options.time).await;
            check(&steady)?;
            side.latency.push((steady.quantile(500), steady.quantile(990)));
        }
        let translated = stretch(&hub, &translated, FULL_STREAM_CONNECTIONS, options.time).await?;
        report.translated.push(translated);
    }
    report.hub.kib_per_stream = Some(open_streams(&hub).await?);
    if let Some(nginx) = &nginx {
        report.nginx.kib_per_stream = Some(open_streams(nginx).await?);
    }
    report.bare.kib_per_stream = Some(open_streams(&bare).await?);
    drop((hub, nginx, bare));
    report.books = Some(hold_and_settle(dir.path()).await?);
    Ok(report)
}

/// One load on the hub alone, for as long as a profiler wants to look.
async fn profile(options: &Options, load: &str) -> Result<(), Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    if load == "books" {
        println!("the benchmark's process id: {}", std::process::id());
        println!("{}", hold_and_settle(dir.path()).await?);
        return Ok(());
    }
    let upstream = upstream::start()?;
    let hub = match load {
        "bare" => process::bare(upstream)?,
        _ => process::hub(&options.hub, dir.path(), KEY, upstream)?,
    };
    let (request, connections) = match load {
        "stream" => (chat(true), STREAM_CONNECTIONS),
        "translated" => (translated(), STREAM_CONNECTIONS),
        _ => (chat(false), CONNECTIONS),
    };
    hub.first_right_answer(&request).await?;
    println!("the hub's process id: {}", hub.id());
    if load == "steady" {
        let seen = load::at_rate(hub.port, request, RATE, options.time).await;
        check(&seen)?;
        println!("p50 {} µs, p99 {} µs", seen.quantile(500), seen.quantile(990));
        return Ok(());
    }
    let stretch = stretch(&hub, &request, connections, options.time).await?;
    println!("{:.0} a second, {:.1} µs of CPU time each", stretch.per_second, stretch.cpu_each);
    Ok(())
}

async fn hold_and_settle(dir: &Path) -> Result<books::Cost, Box<dyn Error>> {
    const PAIRS: usize = 20_000;
    books::hold_and_settle(dir, PAIRS).await
}

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().collect();
    if let [_, word, port, upstream] = words.as_slice()
        && word == process::BARE
    {
        return Ok(bare::run(port.parse()?, upstream.parse()?)?);
    }
    let options = match options() {
        Ok(options) => options,
        Err(message) => {
            eprintln!("{message}");
            std::process::exit(2);
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    if let Some(load) = &options.profile {
        return runtime.block_on(profile(&options, load));
    }
    let report = runtime.block_on(measure(&options))?;
    if options.json {
        println!("{:#}", report.json())
    } else {
        println!("{report}")
    }
    Ok(())
}
