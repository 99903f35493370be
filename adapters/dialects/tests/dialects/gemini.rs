//! Gemini's dialect, there and back, and between it and the others.

pub mod answers;
mod bodies;
mod images;
mod requests;
mod written;
