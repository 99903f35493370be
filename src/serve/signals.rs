//! SIGTERM and Ctrl-C.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM: a supervisor of processes, behind which load balancers may still send.
    Terminate,
    /// SIGINT: somebody at a terminal, who does not want to wait.
    Interrupt,
}

impl Signal {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Terminate => "SIGTERM",
            Self::Interrupt => "SIGINT",
        }
    }
}

/// As sysexits.h has "try again": what was left open is closed by the next start.
const CUT_SHORT: i32 = 75;

pub struct Signals(Option<mpsc::Receiver<Signal>>);

impl Signals {
    /// From now on the signals don't end the process by themselves.
    pub fn listen() -> io::Result<Self> {
        let (terminate, interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let (found, signals) = mpsc::channel(4);
        for (mut stream, kind) in [(terminate, Signal::Terminate), (interrupt, Signal::Interrupt)] {
            let found = found.clone();
            tokio::spawn(async move {
                while stream.recv().await.is_some() {
                    // Nobody needs more of them than fit.
                    let _ = found.try_send(kind);
                }
            });
        }
        Ok(Self(Some(signals)))
    }

    pub async fn next(&mut self) -> Signal {
        let next = match &mut self.0 {
            Some(signals) => signals.recv().await,
            None => None,
        };
        match next {
            Some(signal) => signal,
            None => std::future::pending().await,
        }
    }

    /// Another signal ends the process at once.
    pub fn exit_on_the_next(&mut self) {
        if let Some(mut signals) = self.0.take() {
            tokio::spawn(async move {
                if signals.recv().await.is_some() {
                    tracing::warn!("a second signal: the hub ends at once");
                    std::process::exit(CUT_SHORT);
                }
            });
        }
    }
}
