//! The server: sockets, workers and the routes on them.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_http::HttpService;
use actix_service::map_config;
use actix_web::dev::{AppConfig, Server};
use actix_web::rt::net::TcpStream;
use actix_web::{App, HttpRequest, web};

use crate::service::Service;
use crate::{HttpSettings, HttpState, accepted, entrance, expect, routes};

/// How long a refused client may go on sending before the connection is closed under it; a client that
/// is cut while it sends never reads why.
const LINGER: Duration = Duration::from_secs(2);

/// Listens, and returns the server, which has to be awaited, and the address it listens on. To be called
/// inside an actix system. Signals are left to the program: it stops the server by its handle.
pub fn serve(settings: HttpSettings, state: HttpState) -> io::Result<(Server, SocketAddr)> {
    let listener = accepted::listen(settings.listen, settings.backlog)?;
    let address = listener.local_addr()?;
    let builder = Server::build()
        .workers(settings.workers.max(1))
        .max_concurrent_connections((settings.max_connections / settings.workers.max(1)).max(1))
        .shutdown_timeout(settings.shutdown_timeout.as_secs())
        .disable_signals();
    let stopping = builder.graceful_shutdown_signal();
    let service = Arc::new(Service::new(settings, state));
    // Built from actix's parts rather than by `HttpServer`, which has no say in `Expect: 100-continue`.
    let server = builder.listen("hub", listener, move || {
        let settings = &service.settings;
        let (stopping, gate) = (stopping.clone(), Arc::clone(&service));
        HttpService::build()
            .keep_alive(settings.keep_alive)
            .client_request_timeout(settings.head_timeout)
            .client_disconnect_timeout(LINGER)
            // With half-closed connections, streams of departed clients would live on.
            .h1_allow_half_closed(false)
            // Without it, a stream's small chunks wait for the peer's acknowledgements.
            .tcp_nodelay(true)
            .local_addr(address)
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .on_connect_ext(|stream: &TcpStream, _: &mut _| accepted::watch_peer(stream))
            .expect(expect::gate(gate))
            .h1(map_config(App::new().configure(|app| route_all(app, &service)), |()| AppConfig::default()))
            .tcp()
    })?;
    Ok((server.run(), address))
}

/// Every route, with the base path and without it.
fn route_all(app: &mut web::ServiceConfig, service: &Arc<Service>) {
    let base_path = &service.settings.base_path;
    for (path, methods) in routes::by_path() {
        app.service(web::resource(path).route(to_entrance(service, methods)));
        if !base_path.is_none() {
            let prefixed = format!("{}{path}", base_path.as_str());
            app.service(web::resource(prefixed).route(to_entrance(service, methods)));
        }
    }
    app.default_service(to_entrance(service, &[]));
}

fn to_entrance(service: &Arc<Service>, methods: &'static [routes::Route]) -> actix_web::Route {
    let service = Arc::clone(service);
    web::to(move |request: HttpRequest, payload: web::Payload| {
        entrance::enter(Arc::clone(&service), methods, request, payload)
    })
}
