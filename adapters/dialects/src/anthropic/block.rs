//! A text, or blocks of content, into parts.

use hub_domain::error::CallError;
use hub_domain::vocabulary::{CacheTtl, ImageSource, Part};
use serde_json::value::RawValue;

use super::request_body::{CacheControl, WireBlock, WireSource};
use crate::wire::content::{self, shown_by_tool};
use crate::wire::fault;

const MAX_ID: usize = 1_024;

/// The parts of a message's content, or of `system`.
pub(super) fn parts(raw: &RawValue, path: &str) -> Result<Vec<Part>, CallError> {
    content::parts(raw, path, "blocks", block)
}

fn block(raw: &RawValue, path: &str, parts: &mut Vec<Part>) -> Result<(), CallError> {
    let mut block: WireBlock<'_> = fault::inside(raw.get(), path)?;
    let field = |name: &str| format!("{path}.{name}");
    let missing = |name: &str| fault::missing(field(name));
    let kind = block.kind.take().ok_or_else(|| missing("type"))?;
    let part = match kind.as_str() {
        "text" => Part::Text(block.text.ok_or_else(|| missing("text"))?),
        "image" => match image(block.source.ok_or_else(|| missing("source"))?, &field("source"))? {
            Some(source) => Part::Image { source, detail: None },
            None => other(kind, raw),
        },
        "document" => {
            let source = block.source.ok_or_else(|| missing("source"))?;
            document(source, block.title, &field("source"))?.unwrap_or_else(|| other(kind, raw))
        }
        "thinking" => Part::Thinking {
            text: block.thinking.ok_or_else(|| missing("thinking"))?,
            signature: block.signature.filter(|signature| !signature.is_empty()),
        },
        "redacted_thinking" => Part::RedactedThinking(block.data.ok_or_else(|| missing("data"))?),
        "tool_use" => Part::ToolCall {
            id: id(block.id, &field("id"))?,
            name: block.name.ok_or_else(|| missing("name"))?,
            arguments: match block.input {
                Some(input) if input.get().starts_with('{') => input.get().to_owned(),
                Some(_) => return Err(fault::invalid_type(field("input"), "an object", "something else")),
                None => return Err(missing("input")),
            },
        },
        "tool_result" => {
            let call_id = id(block.tool_use_id, &field("tool_use_id"))?;
            let is_error = block.is_error.unwrap_or_default();
            return result(call_id, is_error, block.content, block.cache_control, &field("content"), parts);
        }
        // New kinds come; a provider of this dialect knows them.
        _ => other(kind, raw),
    };
    parts.push(part);
    parts.extend(breakpoint(block.cache_control));
    Ok(())
}

fn other(kind: String, raw: &RawValue) -> Part {
    Part::Other { kind, json: raw.get().to_owned() }
}

fn result(
    call_id: String,
    is_error: bool,
    content: Option<&RawValue>,
    cache: Option<CacheControl>,
    path: &str,
    parts: &mut Vec<Part>,
) -> Result<(), CallError> {
    let said = content.map(|content| self::parts(content, path)).transpose()?.unwrap_or_default();
    let (text, images, mut others) = shown_by_tool(said);
    parts.push(Part::ToolResult { call_id, text, images, is_error });
    parts.append(&mut others);
    parts.extend(breakpoint(cache));
    Ok(())
}

pub(super) fn breakpoint(cache: Option<CacheControl>) -> Option<Part> {
    cache.map(|cache| Part::CacheBreakpoint(ttl(&cache)))
}

pub(super) fn ttl(cache: &CacheControl) -> CacheTtl {
    if cache.ttl.as_deref() == Some("1h") { CacheTtl::OneHour } else { CacheTtl::FiveMinutes }
}

/// `None` for a kind of source that only its provider knows.
fn image(source: WireSource, path: &str) -> Result<Option<ImageSource>, CallError> {
    let missing = |name: &str| fault::missing(format!("{path}.{name}"));
    match source.kind.as_deref() {
        Some("base64") => {
            let media = source.media_type.ok_or_else(|| missing("media_type"))?;
            let data = source.data.ok_or_else(|| missing("data"))?;
            Ok(Some(ImageSource::Data(format!("data:{media};base64,{data}"))))
        }
        Some("url") => {
            let url = source.url.ok_or_else(|| missing("url"))?;
            if !is_web(&url) {
                return Err(fault::invalid_value(format!("{path}.url"), &url, "an http or https URL"));
            }
            Ok(Some(ImageSource::Url(url)))
        }
        Some(_) => Ok(None),
        None => Err(missing("type")),
    }
}

fn document(source: WireSource, title: Option<String>, path: &str) -> Result<Option<Part>, CallError> {
    let missing = |name: &str| fault::missing(format!("{path}.{name}"));
    match source.kind.as_deref() {
        Some("base64") => {
            let media = source.media_type.unwrap_or_else(|| "application/pdf".to_owned());
            let data = source.data.ok_or_else(|| missing("data"))?;
            Ok(Some(Part::File { data: format!("data:{media};base64,{data}"), filename: title }))
        }
        // Plain text is text to every model.
        Some("text") => Ok(Some(Part::Text(source.data.ok_or_else(|| missing("data"))?))),
        Some("url") => {
            let url = source.url.ok_or_else(|| missing("url"))?;
            if !is_web(&url) {
                return Err(fault::invalid_value(format!("{path}.url"), &url, "an http or https URL"));
            }
            Ok(Some(Part::File { data: url, filename: title }))
        }
        Some(_) => Ok(None),
        None => Err(missing("type")),
    }
}

fn is_web(url: &str) -> bool {
    let starts =
        |scheme: &str| url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    starts("https://") || starts("http://")
}

fn id(id: Option<String>, path: &str) -> Result<String, CallError> {
    let id = id.ok_or_else(|| fault::missing(path))?;
    if id.len() > MAX_ID {
        return Err(fault::too_long(path, "string", MAX_ID, id.len()));
    }
    Ok(id)
}
