//! A file on its way from the client to the upstream. It passes through once and is nowhere kept whole,
//! so a request with one can be sent once.

use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;

/// A form with files: its fields as they came, and what follows them.
#[derive(Debug, Clone)]
pub struct UploadForm {
    /// Fields that stood before the files, in order; names may repeat.
    pub fields: Vec<(String, String)>,
    pub upload: Upload,
}

/// What comes of a form, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UploadPiece {
    /// A field that stood behind a file.
    Field {
        name: String,
        value: String,
    },
    /// A file begins; its bytes follow.
    File {
        name: String,
        file_name: String,
        media_type: Option<String>,
    },
    Bytes(Bytes),
}

/// The client broke off, or sent what is no form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the upload broke off")]
pub struct UploadBroken;

pub type UploadPieces = Pin<Box<dyn Stream<Item = Result<UploadPiece, UploadBroken>> + Send>>;

/// The files of a form. Copies of it are the same upload.
#[derive(Clone)]
pub struct Upload(Arc<State>);

struct State {
    most_bytes: u64,
    head: Bytes,
    pieces: Mutex<Option<UploadPieces>>,
    stage: AtomicU8,
}

/// How far an upload has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UploadStage {
    /// Nobody has read any of it; it can still be sent.
    Untouched,
    Begun,
    /// All of it has gone on.
    Complete,
    Broken,
}

impl Upload {
    /// `most_bytes` is what its files have at most, `head` the first bytes of the first one, as far as they
    /// are known.
    pub fn new(most_bytes: u64, head: Bytes, pieces: UploadPieces) -> Self {
        let stage = AtomicU8::new(UploadStage::Untouched.number());
        Self(Arc::new(State { most_bytes, head, pieces: Mutex::new(Some(pieces)), stage }))
    }

    pub fn most_bytes(&self) -> u64 {
        self.0.most_bytes
    }

    pub fn head(&self) -> &[u8] {
        &self.0.head
    }

    pub fn stage(&self) -> UploadStage {
        UploadStage::of(self.0.stage.load(Ordering::Acquire))
    }

    /// Its pieces, unless somebody else has them. Dropped before the first of them was read they can be
    /// taken again: a connection that could not be made costs no upload.
    pub fn take(&self) -> Option<TakenUpload> {
        let pieces = self.0.pieces.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        Some(TakenUpload { state: Arc::clone(&self.0), pieces: Some(pieces) })
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload")
            .field("most_bytes", &self.0.most_bytes)
            .field("stage", &self.stage())
            .finish_non_exhaustive()
    }
}

impl UploadStage {
    const fn number(self) -> u8 {
        match self {
            Self::Untouched => 0,
            Self::Begun => 1,
            Self::Complete => 2,
            Self::Broken => 3,
        }
    }

    const fn of(number: u8) -> Self {
        match number {
            0 => Self::Untouched,
            1 => Self::Begun,
            2 => Self::Complete,
            _ => Self::Broken,
        }
    }
}

/// An upload in the hands of its one reader.
pub struct TakenUpload {
    state: Arc<State>,
    /// `None` once it has ended.
    pieces: Option<UploadPieces>,
}

impl TakenUpload {
    fn reach(&self, stage: UploadStage) {
        self.state.stage.store(stage.number(), Ordering::Release);
    }
}

impl Stream for TakenUpload {
    type Item = Result<UploadPiece, UploadBroken>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let Some(pieces) = &mut this.pieces else { return Poll::Ready(None) };
        let polled = pieces.as_mut().poll_next(cx);
        match &polled {
            Poll::Ready(Some(Ok(_))) => this.reach(UploadStage::Begun),
            Poll::Ready(Some(Err(UploadBroken))) => {
                this.reach(UploadStage::Broken);
                this.pieces = None;
            }
            Poll::Ready(None) => {
                this.reach(UploadStage::Complete);
                this.pieces = None;
            }
            Poll::Pending => {}
        }
        polled
    }
}

impl Drop for TakenUpload {
    fn drop(&mut self) {
        let is_untouched = self.state.stage.load(Ordering::Acquire) == UploadStage::Untouched.number();
        if let Some(pieces) = self.pieces.take().filter(|_| is_untouched) {
            *self.state.pieces.lock().unwrap_or_else(PoisonError::into_inner) = Some(pieces);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::task::Waker;

    use super::*;

    struct Script(VecDeque<Result<UploadPiece, UploadBroken>>);

    impl Stream for Script {
        type Item = Result<UploadPiece, UploadBroken>;

        fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            Poll::Ready(self.0.pop_front())
        }
    }

    fn upload<const N: usize>(pieces: [Result<UploadPiece, UploadBroken>; N]) -> Upload {
        Upload::new(1, Bytes::new(), Box::pin(Script(pieces.into())))
    }

    fn next(taken: &mut TakenUpload) -> Poll<Option<Result<UploadPiece, UploadBroken>>> {
        Pin::new(taken).poll_next(&mut Context::from_waker(Waker::noop()))
    }

    fn bytes() -> Result<UploadPiece, UploadBroken> {
        Ok(UploadPiece::Bytes(Bytes::from_static(b"x")))
    }

    #[test]
    fn an_upload_that_nobody_read_can_be_taken_again() {
        let upload = upload([bytes()]);
        drop(upload.take().unwrap());
        let mut again = upload.take().unwrap();
        assert!(upload.take().is_none(), "two readers at once");
        assert_eq!(upload.stage(), UploadStage::Untouched);
        assert!(next(&mut again).is_ready());
        assert_eq!(upload.stage(), UploadStage::Begun);
        drop(again);
        assert!(upload.take().is_none(), "what was read is gone");
    }

    #[test]
    fn an_upload_is_complete_only_at_its_end() {
        let upload = upload([bytes()]);
        let mut taken = upload.take().unwrap();
        assert_eq!(next(&mut taken), Poll::Ready(Some(bytes())));
        assert_eq!(next(&mut taken), Poll::Ready(None));
        assert_eq!(upload.stage(), UploadStage::Complete);
    }

    #[test]
    fn an_upload_that_broke_off_stays_broken() {
        let upload = upload([bytes(), Err(UploadBroken), bytes()]);
        let mut taken = upload.take().unwrap();
        while next(&mut taken) != Poll::Ready(None) {}
        assert_eq!(upload.stage(), UploadStage::Broken);
    }
}
