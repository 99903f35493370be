//! Listens to an upload without understanding it.

use futures_util::StreamExt;
use hub_domain::error::{ProviderError, UpstreamClass};
use hub_domain::transcription::likely_seconds;
use hub_domain::vocabulary::{TranscriptionRequest, UploadPiece};

/// Reads the upload to its end, and says how much it was.
pub async fn listen(transcription: &TranscriptionRequest) -> Result<String, ProviderError> {
    let upload = &transcription.form.upload;
    let mut taken = upload.take().ok_or_else(|| fault("the upload was read before"))?;
    let mut bytes = 0_u64;
    while let Some(piece) = taken.next().await {
        match piece {
            Ok(UploadPiece::Bytes(piece)) => bytes += piece.len() as u64,
            Ok(UploadPiece::Field { .. } | UploadPiece::File { .. }) => {}
            Err(_) => return Err(fault("the upload broke off")),
        }
    }
    let seconds = likely_seconds(upload);
    Ok(format!("The simulated provider heard {bytes} bytes, some {seconds} seconds."))
}

fn fault(message: &str) -> ProviderError {
    ProviderError::new(UpstreamClass::InvalidRequest, message, false)
}
