//! Gemini as an upstream of clients of other dialects.

mod answers;
mod bodies;
