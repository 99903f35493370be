//! Upstream AI APIs over HTTP, the simulated provider, built-in prices, and the token counter. It knows
//! addresses, credentials, time-outs and faults; what the bodies mean is `hub-dialects`'s affair.

mod answer;
mod anthropic;
mod audio_bytes;
mod base_url;
mod egress;
mod form_body;
mod google;
mod http;
mod openai;
pub mod price_list;
mod providers;
mod simulated;
mod token_counter;
mod tokenizer;
mod upstream;
pub mod well_known;

pub use egress::{Allowed, EgressSettings, GuardedEgress, LookUp};
pub use providers::{Providers, ProvidersSettings, default_base_url};
pub use token_counter::TiktokenCounter;
