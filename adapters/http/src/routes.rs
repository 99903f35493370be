//! The table of routes. The server is built from it, and tests go through it, so a route can't exist
//! without saying who may use it.

use actix_web::http::Method;

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Access {
    /// Anybody; credentials are not looked at.
    Public,
    /// Anybody; the answer may depend on who asks.
    Anyone,
    /// The bearer of a valid access key.
    User,
}

/// One method of one path.
#[derive(Debug)]
pub struct Route {
    pub method: Method,
    /// Without the base path; `{name}` is a segment, `{name}*` the rest of the path.
    pub path: &'static str,
    pub(crate) endpoint: Endpoint,
}

impl Route {
    pub fn access(&self) -> Access {
        match self.endpoint {
            Endpoint::Public(_) => Access::Public,
            Endpoint::Anyone(_) => Access::Anyone,
            Endpoint::User(_) | Endpoint::Call(_) => Access::User,
        }
    }
}

/// What answers a route. The variant decides what is known about the caller by then.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Endpoint {
    Public(Public),
    Anyone(Anyone),
    User(User),
    Call(Call),
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Public {
    Alive,
    Ready,
    Metrics,
    /// What clients read before their first call.
    Discovery,
    /// Models and their prices.
    Catalogue,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Anyone {
    Status,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum User {
    Models,
    Model,
    CreditBalance,
    Info,
    ModelCalls,
    ModelCall,
    UsageStats,
}

/// What takes a request to a model.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Call {
    ChatCompletions,
    /// AIGNE's own.
    AigneChat,
    Responses,
    Embeddings,
    Images,
    ImageEdits,
    /// AIGNE's own.
    AigneImages,
    Video,
    Speech,
    Transcription,
    /// Of speech, into English.
    Translation,
    Messages,
    CountTokens,
    /// The model and the method stand in the path's tail.
    Generate,
    Quote,
}

/// The framework's images.
pub(crate) const AIGNE_IMAGE: &str = "/api/v2/image";
/// OpenAI's images as the original answered them.
pub(crate) const DOUBLED_IMAGES: &str = "/api/v2/image/generations";

/// Routes of one path stand together; the busiest stand first, for they are found first.
pub const ROUTES: &[Route] = &[
    call("/v1/chat/completions", Call::ChatCompletions),
    call("/api/v2/chat/completions", Call::ChatCompletions),
    call("/api/v2/completions", Call::ChatCompletions),
    call("/api/v2/chat", Call::AigneChat),
    call("/v1/messages", Call::Messages),
    call("/v1/messages/count_tokens", Call::CountTokens),
    call("/anthropic/v1/messages", Call::Messages),
    call("/anthropic/v1/messages/count_tokens", Call::CountTokens),
    user(Method::GET, "/v1beta/models", User::Models),
    call("/v1beta/models/{model}*", Call::Generate),
    user(Method::GET, "/v1beta/models/{model}*", User::Model),
    user(Method::GET, "/gemini/v1beta/models", User::Models),
    call("/gemini/v1beta/models/{model}*", Call::Generate),
    user(Method::GET, "/gemini/v1beta/models/{model}*", User::Model),
    user(Method::GET, "/gemini/v1/models", User::Models),
    call("/gemini/v1/models/{model}*", Call::Generate),
    user(Method::GET, "/gemini/v1/models/{model}*", User::Model),
    call("/v1/responses", Call::Responses),
    call("/api/v2/responses", Call::Responses),
    call("/v1/embeddings", Call::Embeddings),
    call("/api/v2/embeddings", Call::Embeddings),
    call("/v1/images/generations", Call::Images),
    call("/api/v2/images/generations", Call::Images),
    call(DOUBLED_IMAGES, Call::Images),
    call("/v1/images/edits", Call::ImageEdits),
    call("/api/v2/images/edits", Call::ImageEdits),
    call(AIGNE_IMAGE, Call::AigneImages),
    call("/api/v2/video", Call::Video),
    call("/v1/audio/speech", Call::Speech),
    call("/api/v2/audio/speech", Call::Speech),
    call("/v1/audio/transcriptions", Call::Transcription),
    call("/api/v2/audio/transcriptions", Call::Transcription),
    call("/v1/audio/translations", Call::Translation),
    call("/api/v2/audio/translations", Call::Translation),
    call("/api/v2/quote", Call::Quote),
    user(Method::GET, "/v1/models", User::Models),
    user(Method::GET, "/v1/models/{model}*", User::Model),
    // Google's newer clients say `v1`.
    call("/v1/models/{model}*", Call::Generate),
    user(Method::GET, "/anthropic/v1/models", User::Models),
    user(Method::GET, "/anthropic/v1/models/{model}*", User::Model),
    user(Method::GET, "/api/v2/models", User::Models),
    user(Method::GET, "/api/v2/models/{model}*", User::Model),
    Route { method: Method::GET, path: "/api/v2/status", endpoint: Endpoint::Anyone(Anyone::Status) },
    user(Method::GET, "/api/user/credit/balance", User::CreditBalance),
    user(Method::GET, "/api/user/info", User::Info),
    user(Method::GET, "/api/user/model-calls", User::ModelCalls),
    user(Method::GET, "/api/user/model-calls/{id}", User::ModelCall),
    user(Method::GET, "/api/user/usage-stats", User::UsageStats),
    public("/api/ai-providers/models", Public::Catalogue),
    public("/api/ai/models", Public::Catalogue),
    public("/__blocklet__.js", Public::Discovery),
    public("/healthz", Public::Alive),
    public("/readyz", Public::Ready),
    public("/metrics", Public::Metrics),
];

const fn call(path: &'static str, endpoint: Call) -> Route {
    Route { method: Method::POST, path, endpoint: Endpoint::Call(endpoint) }
}

const fn user(method: Method, path: &'static str, endpoint: User) -> Route {
    Route { method, path, endpoint: Endpoint::User(endpoint) }
}

const fn public(path: &'static str, endpoint: Public) -> Route {
    Route { method: Method::GET, path, endpoint: Endpoint::Public(endpoint) }
}

/// The routes of each path.
pub(crate) fn by_path() -> impl Iterator<Item = (&'static str, &'static [Route])> {
    ROUTES
        .chunk_by(|one, next| one.path == next.path)
        .filter_map(|methods| Some((methods.first()?.path, methods)))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_path_stands_in_two_places_and_no_method_twice() {
        let paths: Vec<_> = by_path().map(|(path, _)| path).collect();
        assert_eq!(paths.len(), paths.iter().collect::<HashSet<_>>().len());
        let all: HashSet<_> = ROUTES.iter().map(|route| (&route.method, route.path)).collect();
        assert_eq!(all.len(), ROUTES.len());
    }

    #[test]
    fn nothing_but_probes_status_and_catalogue_is_open() {
        let open: Vec<_> =
            ROUTES.iter().filter(|route| route.access() != Access::User).map(|route| route.path).collect();
        let lists = ["/api/ai-providers/models", "/api/ai/models", "/__blocklet__.js"];
        let probes = ["/healthz", "/readyz", "/metrics"];
        assert_eq!(open, [&["/api/v2/status"], &lists[..], &probes].concat());
    }
}
