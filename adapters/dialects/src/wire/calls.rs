//! Calls of tools, for dialects that tell each of them whole.

use hub_domain::vocabulary::Event;

/// The calls of one choice, in the order in which they began.
#[derive(Debug, Default)]
pub(crate) struct Calls(pub(crate) Vec<Call>);

#[derive(Debug)]
pub(crate) struct Call {
    index: u32,
    pub(crate) id: String,
    pub(crate) name: String,
    /// What has come of them so far.
    pub(crate) arguments: String,
}

impl Calls {
    /// Notes what an event says of a call; others say nothing here.
    pub(crate) fn push(&mut self, event: &Event) {
        match event {
            Event::ToolCallStart { index, id, name, .. } => self.0.push(Call {
                index: *index,
                id: id.clone(),
                name: name.clone(),
                arguments: String::new(),
            }),
            Event::ToolCallArguments { index, fragment, .. } => {
                if let Some(call) = self.0.iter_mut().find(|call| call.index == *index) {
                    call.arguments.push_str(fragment);
                }
            }
            _ => {}
        }
    }
}

impl Call {
    /// The arguments where they are an object, as JSON text.
    pub(crate) fn object(&self) -> Option<&str> {
        object(&self.arguments)
    }
}

/// A text that is a JSON object, without blanks around it.
pub(crate) fn object(text: &str) -> Option<&str> {
    let text = text.trim();
    let is_json = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    (text.starts_with('{') && is_json).then_some(text)
}
