//! A form that asks for a transcription into the vocabulary, and its fields for an upstream.

use std::borrow::Cow;

use hub_domain::error::CallError;
use hub_domain::vocabulary::{AskedFormat, Canonical, TranscriptFormat, TranscriptionRequest, UploadForm};

use super::decode_chat;
use crate::wire::fault;

const FORMATS: &str = "'json', 'text', 'srt', 'verbose_json', 'vtt' or 'diarized_json'";
/// Names that may repeat.
const LISTS: [&str; 3] = ["include", "known_speaker_names", "known_speaker_references"];

/// Decodes the fields of a form. What it does not know it accepts.
pub fn decode_transcription(form: UploadForm, translate: bool) -> Result<Canonical, CallError> {
    unique(&form.fields)?;
    let field =
        |name: &str| form.fields.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str());
    let format = field("response_format").map(format).transpose()?.unwrap_or_default();
    let stream = field("stream").map(is_true).transpose()?.unwrap_or(false);
    if translate && stream {
        return Err(fault::invalid_value("stream", "true", "'false': translations come whole"));
    }
    let model = decode_chat::model(field("model").map(str::to_owned))?;
    let format = AskedFormat::new(format);
    Ok(Canonical::Transcription(TranscriptionRequest { model, translate, format, stream, form }))
}

/// Takes a field that stands behind the file. What was decided by then can't be asked for any more.
pub fn late_field(
    format_of: &AskedFormat,
    earlier: &[(String, String)],
    name: &str,
    value: &str,
) -> Result<(), CallError> {
    if !may_repeat(name) && earlier.iter().any(|(given, _)| given == name) {
        return Err(twice(name));
    }
    match name {
        "response_format" => format_of.set(format(value)?),
        "stream" if is_true(value)? => {
            return Err(CallError::invalid(
                "The field 'stream' must stand before the file when 'model' does.",
                "stream".to_owned(),
                "field_after_file",
            ));
        }
        _ => {}
    }
    Ok(())
}

fn may_repeat(name: &str) -> bool {
    name.ends_with("[]") || LISTS.contains(&name)
}

fn unique(fields: &[(String, String)]) -> Result<(), CallError> {
    for (place, (name, _)) in fields.iter().enumerate() {
        if !may_repeat(name) && fields[..place].iter().any(|(earlier, _)| earlier == name) {
            return Err(twice(name));
        }
    }
    Ok(())
}

fn twice(name: &str) -> CallError {
    CallError::invalid(
        "The form has one of its fields more than once.",
        name.chars().take(64).collect::<String>(),
        "duplicate_field",
    )
}

fn format(name: &str) -> Result<TranscriptFormat, CallError> {
    TranscriptFormat::from_name(name).ok_or_else(|| fault::invalid_value("response_format", name, FORMATS))
}

fn is_true(value: &str) -> Result<bool, CallError> {
    match value {
        "true" | "True" | "1" => Ok(true),
        "false" | "False" | "0" | "" => Ok(false),
        other => Err(fault::invalid_value("stream", other, "'true' or 'false'")),
    }
}

/// What of a transcription is priced, which decides in which format the text has to come: the others do not
/// report it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TranscriptPrices {
    pub by_seconds: bool,
    pub by_tokens: bool,
}

/// The format to ask an upstream for. Only JSON reports what was used, and only the long form of it tells
/// the seconds everywhere; the hub writes the others itself.
pub fn asked_format(format: TranscriptFormat, model: &str, prices: TranscriptPrices) -> TranscriptFormat {
    use TranscriptFormat::{DiarizedJson, Json, Srt, Text, VerboseJson, Vtt};
    match format {
        Srt | Vtt | VerboseJson => VerboseJson,
        DiarizedJson => DiarizedJson,
        // OpenAI's newer models know `json` alone, and report with it whatever they are paid by.
        Json | Text if prices.by_seconds && !model.starts_with("gpt-") => VerboseJson,
        Json | Text => Json,
    }
}

/// A field of the form as an upstream gets it; `None` for one that it must not get.
pub fn sent_field<'a>(
    name: &str,
    value: &'a str,
    model: &str,
    prices: TranscriptPrices,
) -> Option<Cow<'a, str>> {
    match name {
        // They are written by the hub.
        "model" => None,
        "response_format" => {
            let format = TranscriptFormat::from_name(value)?;
            Some(Cow::Borrowed(asked_format(format, model, prices).name()))
        }
        // Another spelling of what is priced must not reach an upstream that compares names without case.
        other
            if ["model", "response_format", "stream"]
                .iter()
                .any(|own| other != *own && other.trim().eq_ignore_ascii_case(own)) =>
        {
            None
        }
        _ => Some(Cow::Borrowed(value)),
    }
}
