//! `Expect: 100-continue`: a client that asks first is told before it sends its body.

use std::sync::Arc;

use actix_http::{HttpMessage, Request, Response};
use actix_service::{ServiceFactory, fn_service};
use actix_web::body::BoxBody;
use actix_web::http::Uri;
use actix_web::http::header::HeaderMap;

use crate::refusal::Refusal;
use crate::service::Service;
use crate::surface::Surface;
use crate::{authentication, body, error_answer};

/// Lets a request through when its caller is known and its body not too large. Only routes of users take
/// bodies, so any other caller has nothing to send.
pub(crate) fn gate(
    service: Arc<Service>,
) -> impl ServiceFactory<Request, Config = (), Response = Request, Error = Response<BoxBody>, InitError = ()>
{
    fn_service(move |request: Request| {
        let service = Arc::clone(&service);
        async move {
            match check(request.headers(), request.uri(), &service).await {
                Ok(()) => Ok(request),
                Err(refusal) => Err(error_answer::unrouted(refusal, &request)),
            }
        }
    })
}

async fn check(headers: &HeaderMap, uri: &Uri, service: &Service) -> Result<(), Refusal> {
    service.state.readiness.check()?;
    body::check_head(headers, service.settings.body)?;
    let path = uri.path();
    let path = path.strip_prefix(service.settings.base_path.as_str()).unwrap_or(path);
    let surface = Surface::of(path, headers);
    authentication::caller(headers, uri, surface, &*service.state.verifier).await.map(drop)
}
