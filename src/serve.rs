//! The server's life: its place in the data directory, the start of its parts in order, and their end in
//! the reverse one.

use std::net::SocketAddr;

use crate::cli::Failure;
use crate::compose::{
    Books, InstanceLock, Opening, bootstrap, check_sealing_key, create_private_dir, name_sealing_key,
    storage_url,
};
use crate::settings::{Configuration, LogFilter};
use crate::telemetry::{self, TelemetryGuard, TelemetrySettings};

mod demo;
mod listen_file;
mod observer;
mod parts;
mod signals;

pub use demo::configuration as demo_configuration;
use listen_file::ListenFile;
use parts::Parts;
use signals::{Signal, Signals};

/// Serves until a signal says to stop.
pub fn run(configuration: Configuration, is_demo: bool) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().thread_name("hub").enable_all().build()?;
    // Actors need an actix system; everything else runs on the threads of this one runtime.
    actix_rt::System::with_tokio_rt(move || runtime).block_on(serve(configuration, is_demo))
}

async fn serve(configuration: Configuration, is_demo: bool) -> Result<(), Failure> {
    let mut signals = Signals::listen()?;
    let place = Place::take(&configuration)?;
    let telemetry = start_telemetry(&configuration, &place.instance)?;
    let served = serve_here(&configuration, &place, is_demo, &mut signals).await;
    // It waits for the collector, hence off the runtime's own threads.
    let _ = tokio::task::spawn_blocking(|| telemetry.shutdown()).await;
    served
}

async fn serve_here(
    configuration: &Configuration,
    place: &Place,
    is_demo: bool,
    signals: &mut Signals,
) -> Result<(), Failure> {
    let opening = if *configuration.settings.storage.migrate { Opening::Migrate } else { Opening::Create };
    // A signal may come while a database that is away is waited for.
    let opened = tokio::select! {
        opened = Books::open(configuration, opening) => opened?,
        _ = signals.next() => return Ok(()),
    };
    let store = opened.store.clone();
    for step in &opened.migrated {
        tracing::info!(step, "the database was brought up to date");
    }
    let started = async {
        check_sealing_key(&store, &opened.keys, configuration).await?;
        name_sealing_key(&store, &opened.keys).await?;
        bootstrap(configuration, &opened.books).await?;
        let demo = if is_demo { Some(demo::prepare(configuration, &opened.books).await?) } else { None };
        let parts = Parts::start(configuration, &opened.books, &store, &place.instance).await?;
        Ok::<_, Failure>((parts, demo))
    };
    let (mut parts, demo) = match started.await {
        Ok(started) => started,
        Err(failure) => {
            store.close().await;
            return Err(failure);
        }
    };
    if demo.is_some() {
        // A simulated answer counts its own tokens.
        parts.warm_up(demo::MODEL);
    }
    let address = parts.address();
    let listen_file = ListenFile::write(&configuration.data_dir, address);
    announce(configuration, address, demo.as_ref());
    let failed = tokio::select! {
        signal = signals.next() => {
            stop_gracefully(configuration, &parts, signal, signals).await;
            None
        }
        ended = parts.server_ended() => Some(ended),
    };
    parts.stop().await;
    drop(listen_file);
    store.close().await;
    match failed {
        None => Ok(()),
        Some(reason) => Err(Failure::refused(format!("the server ended by itself: {reason}"))),
    }
}

/// Says no to load balancers, then to callers, and sees every call to its end.
async fn stop_gracefully(
    configuration: &Configuration,
    parts: &Parts,
    signal: Signal,
    signals: &mut Signals,
) {
    let shutdown = &configuration.settings.shutdown;
    tracing::info!(signal = signal.name(), calls = parts.open_calls(), "the hub stops");
    parts.announce_end();
    signals.exit_on_the_next();
    if signal == Signal::Terminate {
        tokio::time::sleep(*shutdown.propagation).await;
    }
    parts.drain(*shutdown.grace).await;
}

/// What a server has to itself: a name, the data directory, and SQLite's database.
struct Place {
    instance: String,
    /// Held until the process ends.
    _locks: Vec<InstanceLock>,
}

impl Place {
    fn take(configuration: &Configuration) -> Result<Self, Failure> {
        let given = configuration.settings.instance.id.as_ref().map(|name| name.0.clone());
        let data_dir = &configuration.data_dir;
        create_private_dir(data_dir.path())?;
        let mut locks = Vec::new();
        let url = storage_url(configuration);
        let instance = match given {
            // Instances with names of their own on one shared database need no directory of their own.
            Some(instance) if url.file().is_none() => instance,
            given => {
                let mut lock = InstanceLock::take(data_dir)?;
                let instance = match given {
                    Some(instance) => instance,
                    None => lock.instance_id()?,
                };
                locks.push(lock);
                instance
            }
        };
        if let Some(file) = url.file().filter(|file| file.parent() != Some(data_dir.path())) {
            if let Some(dir) = file.parent().filter(|dir| !dir.as_os_str().is_empty()) {
                create_private_dir(dir)?;
            }
            locks.push(InstanceLock::take_database(file)?);
        }
        Ok(Self { instance, _locks: locks })
    }
}

fn start_telemetry(configuration: &Configuration, instance: &str) -> Result<TelemetryGuard, Failure> {
    let settings = &configuration.settings;
    let LogFilter(filter) = &*settings.log.filter;
    let telemetry = TelemetrySettings {
        format: *settings.log.format,
        filter: filter.clone(),
        otlp_endpoint: settings.telemetry.otlp_endpoint.as_ref().map(|url| url.0.to_string()),
        instance: instance.to_owned(),
    };
    telemetry::init(&telemetry).map_err(Failure::refused)
}

/// One line that says where the hub is; for a demo, also what to try.
fn announce(configuration: &Configuration, address: SocketAddr, demo: Option<&demo::Demo>) {
    use std::io::Write;

    let text = match demo {
        Some(demo) => demo.greeting(configuration, address),
        None => format!("aigne-hub is ready on http://{address}\n"),
    };
    let mut out = std::io::stdout().lock();
    // Without standard output there is nobody to tell.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
