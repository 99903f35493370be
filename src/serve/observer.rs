//! What HTTP tells telemetry, and `/metrics`.

use std::sync::Arc;

use async_trait::async_trait;
use hub_http::{AnsweredRequest, Observer};

use crate::calls::CallService;
use crate::telemetry::Metrics;

pub struct HttpObserver {
    pub metrics: Arc<Metrics>,
    pub calls: Arc<CallService>,
}

#[async_trait]
impl Observer for HttpObserver {
    fn answered(&self, request: AnsweredRequest) {
        self.metrics.request(request.route, request.status);
    }

    async fn metrics(&self) -> String {
        self.calls.observe();
        self.metrics.render()
    }
}
