//! What an answer repeats of its request: clients' types promise it.

use crate::outline::Outline;

/// Members that are repeated, and what they are where the request has none.
const REPEATED: [(&str, &str); 12] = [
    ("instructions", "null"),
    ("max_output_tokens", "null"),
    ("metadata", "{}"),
    ("parallel_tool_calls", "true"),
    ("reasoning", "{\"effort\":null,\"summary\":null}"),
    ("temperature", "1.0"),
    ("text", "{\"format\":{\"type\":\"text\"}}"),
    ("tool_choice", "\"auto\""),
    ("tools", "[]"),
    ("top_p", "1.0"),
    ("truncation", "\"disabled\""),
    ("user", "null"),
];

/// Members of an object, each with a comma before it.
pub fn echo(body: &[u8]) -> String {
    let text = std::str::from_utf8(body).unwrap_or_default();
    let outline = Outline::of(text).ok();
    let mut echo = String::with_capacity(512);
    for (name, default) in REPEATED {
        let own = outline.as_ref().and_then(|outline| outline.get(name));
        let own = own.map(|member| &text[member.value.clone()]).filter(|own| *own != "null");
        echo.push_str(",\"");
        echo.push_str(name);
        echo.push_str("\":");
        echo.push_str(own.unwrap_or(default));
    }
    // Nothing is kept, whatever was asked.
    echo.push_str(",\"background\":false,\"previous_response_id\":null,\"store\":false");
    echo
}
