//! A whole response as one frame.

use bytes::Bytes;
use hub_domain::error::ProviderError;
use hub_domain::vocabulary::{Dialect, Frame};

use super::output::{Events, Output, Response};
use crate::wire::upstream_error::{bad_answer, inside_answer};

/// Decodes a whole answer: one frame with its text, and with everything that it says up to
/// [`Event::End`](hub_domain::vocabulary::Event).
pub fn decode_whole(body: Bytes) -> Result<Frame, ProviderError> {
    let text = std::str::from_utf8(&body).map_err(|_| bad_answer("the provider's answer is not UTF-8"))?;
    let response: Response<'_> =
        serde_json::from_str(text).map_err(|_| bad_answer("the provider's answer can't be understood"))?;
    if response.output.is_none() {
        return Err(match response.error.filter(|error| error.get() != "null") {
            Some(error) => inside_answer(error.get()),
            None => bad_answer("the provider's answer has no output"),
        });
    }
    let mut events = Events::new();
    let status = response.status.0.as_deref().unwrap_or("completed").to_owned();
    Output::default().end(response, &status, &mut events)?;
    Ok(Frame { raw: Some((Dialect::Responses, body)), events })
}
