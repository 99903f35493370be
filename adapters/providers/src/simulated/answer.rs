//! What a simulated model answers.

use hub_domain::vocabulary::{self, ChatRequest, Message, MessageRole, OutputFormat, Tool, ToolChoice};

use super::model::SimulatedModel;
use super::sample;
use super::speech::Part;

/// More of what the user wrote is not repeated.
const ECHO: usize = 400;
const LONG_SENTENCES: usize = 600;

pub fn to(model: SimulatedModel, chat: &ChatRequest, choice: u32) -> Vec<Part> {
    let mut parts = Vec::new();
    if model == SimulatedModel::Reasoning {
        parts.push(Part::Thinking(thoughts(chat)));
    }
    parts.push(match tool(model, chat) {
        Some(tool) => call(tool, chat),
        None => Part::Text(text(model, chat, choice)),
    });
    parts
}

/// The tool that is called, if one is.
fn tool(model: SimulatedModel, chat: &ChatRequest) -> Option<&Tool> {
    match &chat.tool_choice {
        Some(ToolChoice::None) => None,
        Some(ToolChoice::Named(name)) => chat.tools.iter().find(|tool| tool.name == *name),
        Some(ToolChoice::Required) => chat.tools.first(),
        // Once a tool has answered there is nothing left to ask it.
        None | Some(ToolChoice::Auto) if tool_result(chat).is_some() => None,
        None | Some(ToolChoice::Auto) => chat.tools.first().filter(|_| model == SimulatedModel::Tools),
    }
}

fn call(tool: &Tool, chat: &ChatRequest) -> Part {
    let arguments = match &tool.parameters {
        Some(schema) => sample::of(schema, &prompt(chat)),
        None => "{}".to_owned(),
    };
    Part::Call { id: format!("call_{:016x}", rand::random::<u64>()), name: tool.name.clone(), arguments }
}

fn text(model: SimulatedModel, chat: &ChatRequest, choice: u32) -> String {
    let prompt = prompt(chat);
    match &chat.output {
        OutputFormat::JsonSchema { schema, .. } => return sample::of(schema, &prompt),
        OutputFormat::JsonObject => {
            return serde_json::json!({ "model": model.name(), "simulated": true, "you_wrote": prompt })
                .to_string();
        }
        OutputFormat::Text => {}
    }
    if model == SimulatedModel::Long {
        return long();
    }
    let mut said = String::new();
    if chat.choices > 1 {
        said += &format!("Answer {} of {}. ", choice + 1, chat.choices);
    }
    said +=
        &format!("Hello! I am `{}`, a model that AIGNE Hub simulates: no provider was asked. ", model.name());
    if let Some(result) = tool_result(chat) {
        said += &format!("The tool answered: {}", shortened(result));
        return said;
    }
    if prompt.is_empty() {
        said += "You wrote nothing that I could repeat.";
    } else {
        said += &format!("You wrote: \u{201C}{prompt}\u{201D}.");
    }
    said += " Try `slow` to watch an answer grow, `tools` to see a tool called, or add a real provider.";
    said
}

fn thoughts(chat: &ChatRequest) -> String {
    let messages = chat.messages.len();
    let many = if messages == 1 { "one message".to_owned() } else { format!("{messages} messages") };
    format!(
        "The conversation has {many}. Nothing in it can surprise a simulated model, but thinking takes its \
         tokens all the same. I will say who I am and repeat what was written."
    )
}

fn long() -> String {
    let sentence = |number| format!("{number}. This sentence is here so that the answer is long. ");
    (1..=LONG_SENTENCES).map(sentence).collect()
}

/// What the last message is, if a tool wrote it.
fn tool_result(chat: &ChatRequest) -> Option<&str> {
    let last = chat.messages.last().filter(|message| message.role == MessageRole::Tool)?;
    last.parts.iter().find_map(|part| match part {
        vocabulary::Part::ToolResult { text, .. } | vocabulary::Part::Text(text) => Some(text.as_str()),
        _ => None,
    })
}

/// What the user wrote last.
fn prompt(chat: &ChatRequest) -> String {
    let last = chat.messages.iter().rev().find(|message| message.role == MessageRole::User);
    last.map(|Message { parts, .. }| {
        let texts = parts.iter().filter_map(|part| match part {
            vocabulary::Part::Text(text) => Some(text.trim()),
            _ => None,
        });
        shortened(&texts.collect::<Vec<_>>().join(" "))
    })
    .unwrap_or_default()
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(ECHO) {
        Some((end, _)) => format!("{}\u{2026}", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(role: MessageRole, part: vocabulary::Part) -> Message {
        Message { role, parts: vec![part] }
    }

    fn asked(text: &str) -> ChatRequest {
        let messages = vec![message(MessageRole::User, vocabulary::Part::Text(text.to_owned()))];
        ChatRequest { messages, ..ChatRequest::default() }
    }

    fn with_tool(mut chat: ChatRequest) -> ChatRequest {
        let parameters = r#"{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}"#;
        chat.tools.push(Tool {
            name: "weather".to_owned(),
            description: None,
            parameters: Some(parameters.to_owned()),
            ..Tool::default()
        });
        chat
    }

    fn only_text(parts: &[Part]) -> &str {
        let [Part::Text(text)] = parts else { panic!("{parts:?}") };
        text
    }

    #[test]
    fn it_repeats_what_was_written() {
        let parts = to(SimulatedModel::Instant, &asked("How are you?"), 0);
        assert!(only_text(&parts).contains("“How are you?”"));
    }

    #[test]
    fn a_tool_is_called_by_the_model_for_it_or_when_it_is_required() {
        let chat = with_tool(asked("Bern"));
        let [Part::Call { name, arguments, .. }] = &to(SimulatedModel::Tools, &chat, 0)[..] else {
            panic!("no call")
        };
        assert_eq!((name.as_str(), arguments.as_str()), ("weather", r#"{"city":"Bern"}"#));
        only_text(&to(SimulatedModel::Instant, &chat, 0));
        let required = ChatRequest { tool_choice: Some(ToolChoice::Required), ..chat };
        assert!(matches!(&to(SimulatedModel::Instant, &required, 0)[..], [Part::Call { .. }]));
    }

    #[test]
    fn what_a_tool_said_is_told() {
        let mut chat = with_tool(asked("Bern"));
        let result = vocabulary::Part::ToolResult {
            call_id: "call_1".to_owned(),
            text: "sunny".to_owned(),
            images: Vec::new(),
            is_error: false,
        };
        chat.messages.push(message(MessageRole::Tool, result));
        assert!(only_text(&to(SimulatedModel::Tools, &chat, 0)).ends_with("The tool answered: sunny"));
    }

    #[test]
    fn json_is_json() {
        let mut chat = asked("say \"hi\"\n");
        chat.output = OutputFormat::JsonObject;
        let parts = to(SimulatedModel::Instant, &chat, 0);
        let value: serde_json::Value = serde_json::from_str(only_text(&parts)).unwrap();
        assert_eq!(value["you_wrote"], "say \"hi\"");
    }

    #[test]
    fn a_long_answer_outlasts_the_largest_limit() {
        let parts = to(SimulatedModel::Long, &asked("go"), 0);
        let tokens = super::super::speech::ENCODING.count(only_text(&parts));
        assert!(tokens > usize::try_from(super::super::MAX_OUTPUT_TOKENS).unwrap(), "{tokens}");
    }
}
