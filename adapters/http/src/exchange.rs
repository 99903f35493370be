//! One request on its way to its answer.

use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::header::HeaderMap;
use hub_dialects::openai::Surface;

use crate::request_id::RequestId;
use crate::service::Service;

pub(crate) struct Exchange {
    pub(crate) service: Arc<Service>,
    pub(crate) request: HttpRequest,
    pub(crate) request_id: RequestId,
    /// The route's path as the table has it.
    pub(crate) route: &'static str,
}

impl Exchange {
    pub(crate) fn headers(&self) -> &HeaderMap {
        self.request.headers()
    }

    /// The family of paths that was called.
    pub(crate) fn surface(&self) -> Surface {
        if self.route.starts_with("/v1/") { Surface::V1 } else { Surface::Api }
    }
}
