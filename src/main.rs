//! AIGNE Hub: a gateway to generative AI that keeps exact books. This package is the program: the
//! command line, the settings, the composition of the parts, the actors around calls, background jobs
//! and telemetry. What the hub knows is in `hub-domain`, how it meets the world in the adapters.

mod calls;
mod cli;
mod compose;
mod jobs;
mod serve;
mod settings;
mod snapshot;
mod telemetry;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    cli::run()
}
