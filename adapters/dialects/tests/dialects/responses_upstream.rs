//! OpenAI's Responses as what an upstream speaks.

mod bodies;
mod passed_on;
mod streams_read;
mod whole_answers;
