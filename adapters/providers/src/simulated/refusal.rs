//! The errors that simulated models answer with.

use std::time::Duration;

use hub_domain::error::{ProviderError, UpstreamClass};

use super::model::SimulatedModel;

fn refuse(status: u16, class: UpstreamClass, code: &str, message: &str) -> ProviderError {
    ProviderError {
        status: Some(status),
        code: Some(code.to_owned()),
        ..ProviderError::new(class, message, false)
    }
}

/// What a model that always refuses says.
pub fn of(model: SimulatedModel) -> Option<ProviderError> {
    use SimulatedModel::{Error400, Error401, Error429, Error500, Error503};
    Some(match model {
        Error400 => ProviderError {
            param: Some("messages".to_owned()),
            ..refuse(
                400,
                UpstreamClass::InvalidRequest,
                "invalid_value",
                "this model finds every request at fault",
            )
        },
        Error401 => {
            refuse(401, UpstreamClass::Authentication, "invalid_api_key", "this model refuses every key")
        }
        Error429 => ProviderError {
            retry_after: Some(Duration::from_secs(1)),
            ..refuse(429, UpstreamClass::RateLimited, "rate_limit_exceeded", "this model is always too busy")
        },
        Error500 => refuse(500, UpstreamClass::Server, "server_error", "this model always fails"),
        Error503 => {
            refuse(503, UpstreamClass::Overloaded, "server_is_overloaded", "this model is always overloaded")
        }
        _ => return None,
    })
}

/// Once for each call.
pub fn busy() -> ProviderError {
    ProviderError {
        retry_after: Some(Duration::from_millis(300)),
        ..refuse(429, UpstreamClass::RateLimited, "rate_limit_exceeded", "this model refuses the first try")
    }
}

pub fn in_the_middle() -> ProviderError {
    ProviderError {
        code: Some("server_error".to_owned()),
        ..ProviderError::new(UpstreamClass::Server, "this model fails in the middle of its answer", true)
    }
}

pub fn no_such_model() -> ProviderError {
    refuse(404, UpstreamClass::ModelNotFound, "model_not_found", "there is no simulated model of this name")
}

pub fn wrong_kind_of_call() -> ProviderError {
    ProviderError {
        param: Some("model".to_owned()),
        ..refuse(
            400,
            UpstreamClass::InvalidRequest,
            "unsupported_value",
            "this model does not do this kind of call",
        )
    }
}

pub fn bad_dimensions() -> ProviderError {
    ProviderError {
        param: Some("dimensions".to_owned()),
        ..refuse(400, UpstreamClass::InvalidRequest, "invalid_value", "`dimensions` must be from 1 to 4096")
    }
}
