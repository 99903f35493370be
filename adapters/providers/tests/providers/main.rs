//! The providers against upstreams that behave, and against those that don't. The upstream is a few
//! lines of TCP, so that it can do what no HTTP server would.

#![allow(clippy::unwrap_used)]

mod asked;
mod compressed;
mod connections;
mod egress;
mod errors;
mod http2;
mod proxies;
mod simulated;
mod streams;
mod time_outs;
mod upstream;
mod whole_answers;
