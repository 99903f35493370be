//! `GET /__blocklet__.js`: where the hub's clients find it. They ask before their first call.

use actix_web::HttpResponse;
use serde::Serialize;

use crate::exchange::Exchange;
use crate::query::Query;

/// The name by which clients know a hub among the components of a server.
const COMPONENT: &str = "z8ia3xzq2tMq8CRHfaXj1BTYJyYnEcHbqP8cJ";
const APP_NAME: &str = "AIGNE Hub";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    app_name: &'static str,
    prefix: &'a str,
    component_id: &'static str,
    version: &'static str,
    component_mount_points: [MountPoint<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MountPoint<'a> {
    did: &'static str,
    name: &'static str,
    title: &'static str,
    mount_point: &'a str,
    status: &'static str,
}

/// As JSON with `?type=json`, else as the script that pages of the original load.
pub(crate) fn document(exchange: &Exchange) -> HttpResponse {
    let base = &exchange.service.settings.base_path;
    let mount_point = if base.is_none() { "/" } else { base.as_str() };
    let document = Document {
        app_name: APP_NAME,
        prefix: mount_point,
        component_id: COMPONENT,
        version: env!("CARGO_PKG_VERSION"),
        component_mount_points: [MountPoint {
            did: COMPONENT,
            name: "aigne-hub",
            title: APP_NAME,
            mount_point,
            status: "running",
        }],
    };
    let query = exchange.request.uri().query().unwrap_or_default();
    if Query::parse(query).text("type") == Some("json") {
        return HttpResponse::Ok().json(document);
    }
    // A base path has no character that could end the script.
    let json = serde_json::to_string(&document).unwrap_or_default();
    HttpResponse::Ok()
        .content_type("application/javascript; charset=utf-8")
        .body(format!("window.blocklet = {json};\n"))
}
