//! One request on its way to its answer.

use std::sync::Arc;

use crate::request_id::RequestId;
use crate::service::Service;
use crate::surface::Surface;
use actix_web::HttpRequest;
use actix_web::http::header::HeaderMap;

pub(crate) struct Exchange {
    pub(crate) service: Arc<Service>,
    pub(crate) request: HttpRequest,
    pub(crate) request_id: RequestId,
    /// The route's path as the table has it.
    pub(crate) route: &'static str,
    /// The family of paths that was called.
    pub(crate) surface: Surface,
}

impl Exchange {
    pub(crate) fn headers(&self) -> &HeaderMap {
        self.request.headers()
    }
}
