//! What is told to the program's telemetry, which this crate knows nothing about.

use std::time::Duration;

use async_trait::async_trait;

/// A request whose answer has begun.
#[derive(Debug, Clone, Copy)]
pub struct AnsweredRequest {
    /// The route's path as the table has it, never the client's, so that it can be a label.
    pub route: &'static str,
    /// A method that the hub knows, or `other`.
    pub method: &'static str,
    pub status: u16,
    /// From the request's head to the answer's.
    pub elapsed: Duration,
}

#[async_trait]
pub trait Observer: Send + Sync {
    /// Called once for each request, on the thread that serves it; must not block.
    fn answered(&self, request: AnsweredRequest);

    /// All metrics in Prometheus' text format, for `/metrics`.
    async fn metrics(&self) -> String;
}
