//! `aigne-hub serve`.

use clap::Args;

use super::Failure;
use crate::serve;
use crate::settings::{Configuration, Environment, Overrides};

/// Serve until SIGTERM or Ctrl-C; a second signal ends the process at once.
///
/// With --demo it needs nothing: a simulated provider answers, and an account with credits and a key are
/// made. The demo's data are in `demo` under the data directory, unless that is given.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  aigne-hub serve --demo\n  aigne-hub serve --config /etc/aigne-hub.toml\n  \
    OPENAI_API_KEY=sk-… aigne-hub serve\n  \
    HUB__STORAGE__URL=postgres://hub@db/hub HUB__SERVER__LISTEN=0.0.0.0:8080 aigne-hub serve"
)]
pub struct Serve {
    /// Serve a simulated provider with everything made ready to try it
    #[arg(long)]
    demo: bool,
}

impl Serve {
    pub fn run(self, overrides: &Overrides, environment: Environment) -> Result<(), Failure> {
        let configuration = if self.demo {
            serve::demo_configuration(overrides, environment)?
        } else {
            Configuration::load(overrides, environment)?
        };
        serve::run(configuration, self.demo)
    }
}
