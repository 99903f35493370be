//! Forms with files. A file that is the last thing that has to be known passes through to the upstream as
//! it comes; where something about it is still to come, or has to be known of it, it is kept in memory, within the limits
//! of other bodies.

use std::io;

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use actix_web::web;
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, stream};
use hub_domain::error::CallError;
use hub_domain::vocabulary::{Upload, UploadBroken, UploadForm, UploadPiece};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use crate::body::{BodyPermit, announced_length};
use crate::exchange::Exchange;
use crate::paced_payload::PacedPayload;
use crate::refusal::Refusal;

const MAX_FIELDS: usize = 64;
const MAX_FILES: usize = 32;
/// Of one field's text.
const MAX_VALUE: usize = 256 * 1024;
/// The first bytes of a file, which tell what it is.
const HEAD: usize = 64;
/// Pieces between the client and the upstream; each is as large as a read of the socket.
const IN_BETWEEN: usize = 8;
/// What is still read of an upload that nobody wants any more, so that its client reads the answer.
const MOST_UNWANTED: usize = 8 * 1024 * 1024;

/// When a file may pass through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passing {
    /// As soon as the model is known, and its size.
    AfterModel,
    /// Never: what stands behind it, or all of it, has to be known before.
    Kept,
}

/// A form as far as it has come.
pub(super) struct Received {
    pub(super) form: UploadForm,
    /// What is the same for equal forms; of one that is kept.
    pub(super) fingerprint: Option<Bytes>,
    /// How many files there are, as far as is known.
    pub(super) files: usize,
    /// What is still to come.
    pub(super) rest: Option<Rest>,
}

pub(super) struct Rest {
    /// `None` where all of the file has come.
    field: Option<Field>,
    multipart: Multipart,
    limit: usize,
    out: mpsc::Sender<Option<UploadPiece>>,
}

/// Whether a request's body is a form.
pub(super) fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    let form = b"multipart/form-data";
    kind.get(..form.len()).is_some_and(|kind| kind.eq_ignore_ascii_case(form))
}

/// Reads a form up to where its file can pass through.
pub(super) async fn receive(
    exchange: &Exchange,
    payload: web::Payload,
    passing: Passing,
) -> Result<Received, Refusal> {
    let (headers, settings) = (exchange.headers(), &exchange.service.settings);
    if headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        return Err(Refusal::ContentEncoding);
    }
    let announced = announced_length(headers);
    let limit = settings.upload_limit;
    if announced.is_some_and(|length| length > limit) {
        return Err(Refusal::BodyTooLarge { limit });
    }
    let mut multipart = Multipart::new(headers, PacedPayload::new(payload, limit));
    let mut kept = Kept::new(exchange.service.bodies.permit(), settings.body.max_bytes);
    let mut fields: Vec<(String, String)> = Vec::new();
    while let Some(part) = multipart.next().await {
        let mut field = part.map_err(|error| refusal(&error, limit))?;
        let Some(file) = file(&field)? else {
            if fields.len() >= MAX_FIELDS {
                return Err(too_many("fields"));
            }
            fields.push(text(&mut field, limit).await?);
            continue;
        };
        let has_model = fields.iter().any(|(name, _)| name == "model");
        match announced {
            Some(announced) if passing == Passing::AfterModel && has_model && kept.files == 0 => {
                let most = u64::try_from(announced).unwrap_or(u64::MAX);
                let (head, has_more) = beginning(&mut field, limit).await?;
                let field = Some(field).filter(|_| has_more);
                let (out, pieces) = mpsc::channel(IN_BETWEEN);
                let begun = [Ok(file), Ok(UploadPiece::Bytes(head.clone()))];
                let pieces = Box::pin(stream::iter(begun).chain(coming(pieces)));
                let upload = Upload::new(most, head, pieces);
                let rest = Some(Rest { field, multipart, limit, out });
                return Ok(Received {
                    form: UploadForm { fields, upload },
                    fingerprint: None,
                    files: 1,
                    rest,
                });
            }
            _ => kept.file(file, &mut field, limit).await?,
        }
    }
    let fingerprint = Some(kept.fingerprint(&fields));
    let files = kept.files;
    Ok(Received { form: UploadForm { fields, upload: kept.upload() }, fingerprint, files, rest: None })
}

/// Files in memory.
struct Kept {
    pieces: Vec<UploadPiece>,
    files: usize,
    bytes: usize,
    most: usize,
    permit: BodyPermit,
}

impl Kept {
    fn new(permit: BodyPermit, most: usize) -> Self {
        Self { pieces: Vec::new(), files: 0, bytes: 0, most, permit }
    }

    async fn file(&mut self, file: UploadPiece, field: &mut Field, limit: usize) -> Result<(), Refusal> {
        self.files += 1;
        if self.files > MAX_FILES {
            return Err(too_many("files"));
        }
        self.pieces.push(file);
        while let Some(piece) = field.next().await {
            let piece = piece.map_err(|error| refusal(&error, limit))?;
            self.bytes += piece.len();
            if self.bytes > self.most {
                return Err(Refusal::BodyTooLarge { limit: self.most });
            }
            self.permit.grow(piece.len())?;
            self.pieces.push(UploadPiece::Bytes(piece));
        }
        Ok(())
    }

    fn fingerprint(&self, fields: &[(String, String)]) -> Bytes {
        let mut digest = Sha256::new();
        let mut part = |name: &str, value: &[u8]| {
            for bytes in [name.as_bytes(), value] {
                digest.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_le_bytes());
                digest.update(bytes);
            }
        };
        fields.iter().for_each(|(name, value)| part(name, value.as_bytes()));
        let mut file: Option<(&str, Sha256)> = None;
        for piece in &self.pieces {
            match piece {
                UploadPiece::File { name, .. } => {
                    if let Some((name, content)) = file.replace((name, Sha256::new())) {
                        part(name, &content.finalize());
                    }
                }
                UploadPiece::Bytes(bytes) => {
                    if let Some((_, content)) = &mut file {
                        content.update(bytes);
                    }
                }
                UploadPiece::Field { .. } => {}
            }
        }
        if let Some((name, content)) = file {
            part(name, &content.finalize());
        }
        Bytes::copy_from_slice(&digest.finalize())
    }

    fn upload(self) -> Upload {
        let Self { pieces, bytes, permit, .. } = self;
        let mut head = BytesMut::with_capacity(HEAD);
        for piece in &pieces {
            if let UploadPiece::Bytes(bytes) = piece {
                head.extend_from_slice(&bytes[..bytes.len().min(HEAD - head.len())]);
            }
        }
        // The share of the memory is given back with the pieces.
        let pieces = stream::iter(pieces).map(move |piece| {
            let _held = &permit;
            Ok(piece)
        });
        Upload::new(u64::try_from(bytes).unwrap_or(u64::MAX), head.freeze(), Box::pin(pieces))
    }
}

/// Pieces that are still to come. The end is told: a sender that is gone without a word has broken off.
fn coming(
    pieces: mpsc::Receiver<Option<UploadPiece>>,
) -> impl futures_core::Stream<Item = Result<UploadPiece, UploadBroken>> + Send {
    stream::unfold(Some(pieces), |pieces| async {
        let mut pieces = pieces?;
        match pieces.recv().await {
            Some(Some(piece)) => Some((Ok(piece), Some(pieces))),
            Some(None) => None,
            None => Some((Err(UploadBroken), None)),
        }
    })
}

impl Rest {
    /// Reads the form to its end and passes it on. `late` sees fields that stand behind the file.
    pub(super) async fn pass_on(
        self,
        mut late: impl FnMut(&str, &str) -> Result<(), CallError>,
    ) -> Result<(), Refusal> {
        let Self { field, mut multipart, limit, out } = self;
        let (mut unwanted, mut fields) = (0, 0);
        // It is let go of at the end of this block: the next part does not come as long as there is this one.
        if let Some(mut field) = field {
            while let Some(piece) = field.next().await {
                let piece = piece.map_err(|error| refusal(&error, limit))?;
                let length = piece.len();
                if out.send(Some(UploadPiece::Bytes(piece))).await.is_err() {
                    unwanted += length;
                    if unwanted > MOST_UNWANTED {
                        return Ok(());
                    }
                }
            }
        }
        while let Some(part) = multipart.next().await {
            let mut field = part.map_err(|error| refusal(&error, limit))?;
            fields += 1;
            if fields > MAX_FIELDS {
                return Err(too_many("fields"));
            }
            if file(&field)?.is_some() {
                let message = "The form has more than one file.".to_owned();
                return Err(CallError::invalid(message, "file".to_owned(), "too_many_files").into());
            }
            let (name, value) = text(&mut field, limit).await?;
            late(&name, &value)?;
            // Nobody there to take it: the answer is on its way already.
            let _ = out.send(Some(UploadPiece::Field { name, value })).await;
        }
        let _ = out.send(None).await;
        Ok(())
    }
}

/// The head of a part that is a file.
fn file(field: &Field) -> Result<Option<UploadPiece>, Refusal> {
    let name = field.name().unwrap_or_default();
    let file_name = field.content_disposition().and_then(|head| head.get_filename());
    if file_name.is_none() && name != "file" {
        return Ok(None);
    }
    if name.is_empty() {
        return Err(invalid("a file of the form has no name"));
    }
    Ok(Some(UploadPiece::File {
        name: name.to_owned(),
        file_name: file_name.unwrap_or("file").to_owned(),
        media_type: field.content_type().map(ToString::to_string),
    }))
}

async fn text(field: &mut Field, limit: usize) -> Result<(String, String), Refusal> {
    let name = field.name().unwrap_or_default().to_owned();
    let bytes = field.bytes(MAX_VALUE).await.map_err(|_| Refusal::BodyTooLarge { limit: MAX_VALUE })?;
    let bytes = bytes.map_err(|error| refusal(&error, limit))?;
    let value = String::from_utf8(bytes.into()).map_err(|_| invalid("a field of the form is not UTF-8"))?;
    Ok((name, value))
}

/// The first bytes of a file, at least as many as tell what it is, if it has them; and whether more may follow. A
/// field that has ended must not be asked again.
async fn beginning(field: &mut Field, limit: usize) -> Result<(Bytes, bool), Refusal> {
    let mut head = Bytes::new();
    while head.len() < HEAD {
        let Some(piece) = field.next().await else { return Ok((head, false)) };
        let piece = piece.map_err(|error| refusal(&error, limit))?;
        head = if head.is_empty() { piece } else { [head, piece].concat().into() };
    }
    Ok((head, true))
}

fn invalid(reason: &str) -> Refusal {
    CallError::invalid(format!("The form can't be read: {reason}."), None, "invalid_form").into()
}

fn too_many(what: &str) -> Refusal {
    invalid(&format!("it has too many {what}"))
}

fn refusal(error: &MultipartError, limit: usize) -> Refusal {
    match error {
        MultipartError::Payload(PayloadError::Overflow) => Refusal::BodyTooLarge { limit },
        MultipartError::Payload(PayloadError::Io(error)) if error.kind() == io::ErrorKind::TimedOut => {
            Refusal::BodyTimeout
        }
        MultipartError::Payload(_) | MultipartError::Incomplete => Refusal::BrokenBody,
        MultipartError::ContentTypeMissing
        | MultipartError::ContentTypeParse
        | MultipartError::ContentTypeIncompatible => Refusal::FormType,
        other => invalid(&other.to_string()),
    }
}
