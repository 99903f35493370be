//! The dialects from the outside: what clients and upstreams send, and what they get.

#![allow(clippy::unwrap_used)] // these are tests

mod aigne;
mod answers;
mod anthropic;
mod bodies_for_upstreams;
mod compatible;
mod embeddings;
mod errors;
mod gemini;
mod hostile_streams;
mod images;
mod legacy;
mod readme_table;
mod refused_requests;
mod requests;
mod responses;
mod responses_upstream;
mod stage;
mod streams_read;
mod streams_written;
