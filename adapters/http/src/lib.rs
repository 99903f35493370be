//! The hub's HTTP side: routes, authentication, limits, and answers whole or streamed, on actix-web.
//! It turns requests into calls of the domain's ports and what comes back into HTTP; it decides nothing
//! about money, models or upstreams, and the JSON of each AI dialect belongs to `hub-dialects`.

mod accepted;
mod admission;
mod authentication;
mod base_path;
mod body;
mod calls;
mod catalogue;
mod currency;
mod discovery;
mod entrance;
mod error_answer;
mod exchange;
mod expect;
mod json_number;
mod models;
mod observer;
mod paced_payload;
mod probes;
mod query;
mod rate_headers;
mod refusal;
mod request_id;
mod response_headers;
mod routes;
mod server;
mod service;
mod settings;
mod state;
mod status;
mod surface;
mod user;

/// How the program stops the server that [`serve`] returns.
pub use actix_web::dev::ServerHandle;
pub use base_path::{BasePath, InvalidBasePath};
pub use observer::{AnsweredRequest, Observer};
pub use routes::{Access, ROUTES, Route};
pub use server::serve;
pub use settings::{BodyLimits, CallLimits, HttpSettings};
pub use state::HttpState;
