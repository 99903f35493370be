//! Anthropic's dialect, there and back, and between it and OpenAI's.

mod bodies_for_upstreams;
mod requests;
mod streams_read;
mod streams_written;
mod whole_answers;
