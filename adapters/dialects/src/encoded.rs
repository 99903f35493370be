//! A request as an upstream gets it, or why it can't have it.

use bytes::Bytes;
use hub_domain::error::{ProviderError, UpstreamClass};
use hub_domain::vocabulary::Tool;
use serde_json::value::RawValue;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    pub body: Bytes,
    /// Fields of the request that the upstream's dialect has no word for. Without them the answer means
    /// the same; what would change it is refused.
    pub dropped: Vec<String>,
}

impl From<Bytes> for Encoded {
    fn from(body: Bytes) -> Self {
        Self { body, dropped: Vec::new() }
    }
}

/// The upstream's dialect can't say this, and without it the answer would mean something else.
pub(crate) fn unsupported(param: impl Into<String>, why: &str) -> ProviderError {
    let param = param.into();
    ProviderError {
        code: Some("unsupported_parameter".to_owned()),
        message: format!("Unsupported parameter: '{param}'. {why}"),
        param: Some(param),
        ..unreadable()
    }
}

/// Refuses tools that another provider runs.
pub(crate) fn refuse_hosted(tools: &[Tool]) -> Result<(), ProviderError> {
    for (index, tool) in tools.iter().enumerate() {
        if let Some(hosted) = &tool.hosted {
            let why = format!("The tool '{hosted}' runs at another provider only.");
            return Err(unsupported(format!("tools[{index}]"), &why));
        }
    }
    Ok(())
}

/// The schema of a tool's arguments, that of none where the request has none; `None` when it is no JSON.
pub(crate) fn schema(tool: &Tool) -> Option<&str> {
    match tool.parameters.as_deref() {
        Some(schema) => Some(serde_json::from_str::<&RawValue>(schema).ok()?.get()),
        None => Some("{\"type\":\"object\",\"properties\":{}}"),
    }
}

/// A number or a schema of the request is no JSON.
pub(crate) fn unreadable() -> ProviderError {
    ProviderError::new(UpstreamClass::InvalidRequest, "the request can't be written for this provider", false)
}
