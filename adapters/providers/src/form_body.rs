//! A form on its way upstream: its fields are written anew, its files pass through piece by piece.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{BufMut, Bytes, BytesMut};
use futures_core::Stream;
use hub_domain::vocabulary::{TakenUpload, UploadBroken, UploadPiece};
use reqwest::header::HeaderValue;

/// What becomes of a field on its way; `None` for one that does not go on.
pub type Rewrite = Box<dyn Fn(&str, &str) -> Option<String> + Send>;

/// A `multipart/form-data` body.
pub struct FormBody {
    parts: Parts,
    /// Written before anything else.
    head: Option<Bytes>,
    rewrite: Rewrite,
    /// `None` once it has ended.
    upload: Option<TakenUpload>,
}

impl FormBody {
    /// `own` are fields that the hub writes, `fields` those of the client.
    pub fn new(
        own: &[(&str, &str)],
        fields: &[(String, String)],
        upload: TakenUpload,
        rewrite: Rewrite,
    ) -> Self {
        let mut parts = Parts::new();
        let mut head = BytesMut::with_capacity(512);
        for (name, value) in own {
            parts.field(&mut head, name, value);
        }
        for (name, value) in fields {
            if let Some(value) = rewrite(name, value) {
                parts.field(&mut head, name, &value);
            }
        }
        Self { parts, head: Some(head.freeze()), rewrite, upload: Some(upload) }
    }

    pub fn content_type(&self) -> HeaderValue {
        HeaderValue::try_from(format!("multipart/form-data; boundary={}", self.parts.boundary))
            // Letters and digits are always a header's value.
            .unwrap_or_else(|_| HeaderValue::from_static("multipart/form-data"))
    }

    fn written(&mut self, piece: UploadPiece) -> Bytes {
        let mut out = BytesMut::new();
        match piece {
            UploadPiece::Bytes(bytes) => return bytes,
            UploadPiece::Field { name, value } => {
                if let Some(value) = (self.rewrite)(&name, &value) {
                    self.parts.field(&mut out, &name, &value);
                }
            }
            UploadPiece::File { name, file_name, media_type } => {
                self.parts.begin(&mut out, &name, Some(&file_name));
                if let Some(media_type) = media_type.filter(|kind| is_header(kind)) {
                    out.put_slice(format!("Content-Type: {media_type}\r\n").as_bytes());
                }
                out.put_slice(b"\r\n");
            }
        }
        out.freeze()
    }
}

/// The lines between the parts.
struct Parts {
    boundary: String,
    begun: bool,
}

impl Parts {
    fn new() -> Self {
        // One that no file can guess.
        Self { boundary: format!("hub-{:032x}", rand::random::<u128>()), begun: false }
    }

    fn begin(&mut self, out: &mut BytesMut, name: &str, file_name: Option<&str>) {
        if std::mem::replace(&mut self.begun, true) {
            out.put_slice(b"\r\n");
        }
        let (boundary, name) = (&self.boundary, quoted(name));
        out.put_slice(format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"").as_bytes());
        if let Some(file_name) = file_name {
            out.put_slice(format!("; filename=\"{}\"", quoted(file_name)).as_bytes());
        }
        out.put_slice(b"\r\n");
    }

    fn field(&mut self, out: &mut BytesMut, name: &str, value: &str) {
        self.begin(out, name, None);
        out.put_slice(b"\r\n");
        out.put_slice(value.as_bytes());
    }

    fn end(&self) -> Bytes {
        Bytes::from(format!("\r\n--{}--\r\n", self.boundary))
    }
}

/// As browsers write names: <https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data>.
fn quoted(name: &str) -> String {
    name.replace('\r', "%0D").replace('\n', "%0A").replace('"', "%22")
}

fn is_header(text: &str) -> bool {
    text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

impl Stream for FormBody {
    type Item = Result<Bytes, UploadBroken>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            let Some(upload) = &mut this.upload else { return Poll::Ready(None) };
            // The first piece is waited for before the head is sent: a form that never comes is never begun.
            let piece = match ready!(Pin::new(upload).poll_next(cx)) {
                Some(Ok(piece)) => this.written(piece),
                Some(Err(broken)) => {
                    this.upload = None;
                    return Poll::Ready(Some(Err(broken)));
                }
                None => {
                    this.upload = None;
                    this.parts.end()
                }
            };
            let piece = match this.head.take() {
                Some(head) => Bytes::from([&head[..], &piece].concat()),
                None => piece,
            };
            if !piece.is_empty() {
                return Poll::Ready(Some(Ok(piece)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt;
    use futures_util::stream;
    use hub_domain::vocabulary::Upload;

    use super::*;

    fn body(pieces: Vec<Result<UploadPiece, UploadBroken>>) -> FormBody {
        let upload = Upload::new(9, Bytes::new(), Box::pin(stream::iter(pieces)));
        let fields = [("model".to_owned(), "x".to_owned()), ("prompt".to_owned(), "say \"hi\"".to_owned())];
        let rewrite: Rewrite = Box::new(|name, value| (name != "model").then(|| value.to_owned()));
        FormBody::new(&[("model", "up")], &fields, upload.take().unwrap(), rewrite)
    }

    fn file() -> UploadPiece {
        UploadPiece::File {
            name: "file".to_owned(),
            file_name: "a\"b\r\n.wav".to_owned(),
            media_type: Some("audio/wav".to_owned()),
        }
    }

    #[tokio::test]
    async fn a_form_is_written_part_by_part() {
        let late = |name: &str| UploadPiece::Field { name: name.to_owned(), value: "v".to_owned() };
        let bytes = UploadPiece::Bytes(Bytes::from_static(b"RIFF"));
        let mut body = body(vec![Ok(file()), Ok(bytes), Ok(late("model")), Ok(late("language"))]);
        body.parts.boundary = "B".to_owned();
        // The head was written with the boundary of before.
        body.head = None;
        let told = body.map(Result::unwrap).collect::<Vec<_>>().await.concat();
        assert_eq!(
            String::from_utf8(told).unwrap(),
            "\r\n--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a%22b%0D%0A.wav\"\r\n\
             Content-Type: audio/wav\r\n\r\nRIFF\r\n--B\r\nContent-Disposition: form-data; \
             name=\"language\"\r\n\r\nv\r\n--B--\r\n"
        );
    }

    #[tokio::test]
    async fn the_hubs_own_fields_come_first_and_the_clients_are_rewritten() {
        let told = body(vec![Ok(file())]).next().await.unwrap().unwrap();
        let told = String::from_utf8(told.to_vec()).unwrap();
        let model = told.find("name=\"model\"\r\n\r\nup\r\n--hub-").unwrap();
        let prompt = told.find("name=\"prompt\"\r\n\r\nsay \"hi\"\r\n--hub-").unwrap();
        assert!(model < prompt && told.matches("name=\"model\"").count() == 1);
    }

    #[tokio::test]
    async fn an_upload_that_broke_off_has_no_end() {
        let told: Vec<_> = body(vec![Ok(file()), Err(UploadBroken)]).collect().await;
        assert!(told.last().unwrap().is_err());
    }
}
