//! Gemini's dialect, there and back, and between it and the others.

mod answers;
mod bodies;
mod images;
mod requests;
mod written;
