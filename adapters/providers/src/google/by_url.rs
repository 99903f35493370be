//! Images and documents by URL: Gemini takes them inline, so the hub fetches them, as a guest of the open
//! internet and never of the operator's network. It happens when the hold is made and before anything goes
//! upstream, so that a call whose image can't be had costs nothing.

use std::borrow::Cow;
use std::collections::HashMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::try_join_all;
use hub_domain::error::{ProviderError, UpstreamClass};
use hub_domain::ports::{Egress, EgressError, Fetched};
use hub_domain::vocabulary::{Canonical, ChatRequest, Dialect, ImageSource, Part, Request};

/// Different URLs in one request.
const MOST: usize = 8;
/// All of them together, in bytes: what Gemini takes in one request.
const MOST_BYTES: usize = 20 << 20;
/// Characters of a URL that an error repeats.
const MOST_SHOWN: usize = 64;

/// The request with everything inline; the same one where nothing is to be fetched.
pub async fn inline<'a>(
    request: &'a Request,
    egress: &dyn Egress,
    time: Duration,
) -> Result<Cow<'a, Request>, ProviderError> {
    let Canonical::Chat(chat) = &request.canonical else { return Ok(Cow::Borrowed(request)) };
    // Gemini knows what its own clients name.
    let is_own = request.source.as_ref().is_some_and(|source| source.dialect == Dialect::Gemini);
    let mut urls = if is_own { Vec::new() } else { urls(chat) };
    if urls.is_empty() {
        return Ok(Cow::Borrowed(request));
    }
    urls.sort_unstable();
    urls.dedup();
    if urls.len() > MOST {
        return Err(refused(&format!("This provider takes at most {MOST} images by URL in one request.")));
    }
    let fetching = urls.iter().map(|url| async move {
        let fetched = egress.fetch(url, time).await.map_err(|error| unfetched(url, error))?;
        Ok::<_, ProviderError>(((*url).to_owned(), fetched))
    });
    let fetched = try_join_all(fetching).await?;
    if fetched.iter().map(|(_, fetched)| fetched.bytes.len()).sum::<usize>() > MOST_BYTES {
        return Err(refused(&format!("The images are larger than {MOST_BYTES} bytes together.")));
    }
    let data =
        |fetched: Fetched| format!("data:{};base64,{}", fetched.media_type, STANDARD.encode(&fetched.bytes));
    let data: HashMap<_, _> = fetched.into_iter().map(|(url, fetched)| (url, data(fetched))).collect();
    let mut request = request.clone();
    if let Canonical::Chat(chat) = &mut request.canonical {
        put_inline(chat, &data);
    }
    Ok(Cow::Owned(request))
}

fn is_url(text: &str) -> bool {
    let is = |scheme: &str| text.get(..scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme));
    is("http://") || is("https://")
}

fn urls(chat: &ChatRequest) -> Vec<&str> {
    let mut urls = Vec::new();
    for part in chat.messages.iter().flat_map(|message| &message.parts) {
        match part {
            Part::Image { source: ImageSource::Url(url), .. } => urls.push(url.as_str()),
            Part::File { data, .. } if is_url(data) => urls.push(data),
            Part::ToolResult { images, .. } => urls.extend(images.iter().filter_map(|image| match image {
                ImageSource::Url(url) => Some(url.as_str()),
                ImageSource::Data(_) => None,
            })),
            _ => {}
        }
    }
    urls
}

fn put_inline(chat: &mut ChatRequest, data: &HashMap<String, String>) {
    let image = |source: &mut ImageSource| {
        if let ImageSource::Url(url) = source
            && let Some(data) = data.get(url)
        {
            *source = ImageSource::Data(data.clone());
        }
    };
    for part in chat.messages.iter_mut().flat_map(|message| &mut message.parts) {
        match part {
            Part::Image { source, .. } => image(source),
            Part::ToolResult { images, .. } => images.iter_mut().for_each(image),
            Part::File { data: file, .. } => {
                if let Some(data) = data.get(file) {
                    file.clone_from(data);
                }
            }
            _ => {}
        }
    }
}

fn unfetched(url: &str, error: EgressError) -> ProviderError {
    let shown: String = url.chars().take(MOST_SHOWN).collect();
    refused(&format!("What '{shown}' names was not had: {error}."))
}

fn refused(why: &str) -> ProviderError {
    ProviderError {
        code: Some("invalid_image_url".to_owned()),
        param: Some("messages".to_owned()),
        ..ProviderError::new(UpstreamClass::InvalidRequest, why, false)
    }
}
