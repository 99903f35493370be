//! The floor: the same two libraries that the hub stands on, actix-web and reqwest, and nothing between
//! them. It knows no caller, reads no JSON and keeps no books. What it costs more than nginx is the
//! price of the libraries; what the hub costs more than it is the hub's own.

use actix_web::web::Bytes;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, error, web};
use futures_util::TryStreamExt;
use reqwest::header::CONTENT_TYPE;

use crate::PATH;

/// Serves on one worker until the process is killed.
pub fn run(port: u16, upstream: u16) -> std::io::Result<()> {
    // reqwest wants one, though nothing here is encrypted.
    let _is_first = rustls::crypto::ring::default_provider().install_default();
    actix_web::rt::System::new().block_on(serve(port, upstream))
}

async fn serve(port: u16, upstream: u16) -> std::io::Result<()> {
    let target = format!("http://127.0.0.1:{upstream}{PATH}");
    let app = move || {
        // Of the worker's own runtime, as in the hub.
        let client = reqwest::Client::builder().no_proxy().tcp_nodelay(true).build();
        let state = web::Data::new((client, target.clone()));
        App::new().app_data(state).route(PATH, web::post().to(pass))
    };
    HttpServer::new(app).workers(1).tcp_nodelay(true).bind(("127.0.0.1", port))?.run().await
}

type State = web::Data<(reqwest::Result<reqwest::Client>, String)>;

async fn pass(request: HttpRequest, body: Bytes, state: State) -> actix_web::Result<HttpResponse> {
    let (client, target) = state.get_ref();
    let client = client.as_ref().map_err(|error| error::ErrorInternalServerError(error.to_string()))?;
    let mut post = client.post(target).body(body);
    for (name, value) in request.headers() {
        if name != "host" && name != "content-length" {
            post = post.header(name.as_str(), value.as_bytes());
        }
    }
    let answer = post.send().await.map_err(error::ErrorBadGateway)?;
    let mut response = HttpResponse::Ok();
    if let Some(kind) = answer.headers().get(CONTENT_TYPE) {
        response.insert_header(("content-type", kind.as_bytes()));
    }
    match answer.content_length() {
        Some(_) => Ok(response.body(answer.bytes().await.map_err(error::ErrorBadGateway)?)),
        None => Ok(response.streaming(answer.bytes_stream().map_err(error::ErrorBadGateway))),
    }
}
