//! The members of a `generateContent` request that are read, or that no model ever sees, in either spelling. All
//! others are weighed: an upstream may make tokens of them.

use crate::outline::Shape;

const INLINE: Shape = Shape::flat(&["mimeType", "mime_type", "data"]);
const CALL: Shape = Shape::flat(&["id", "name", "args"]);
const RESPONSE: Shape = Shape::flat(&["id", "name", "response"]);

const PART: Shape = Shape {
    members: &[
        "text",
        "thought",
        "thoughtSignature",
        "thought_signature",
        "inlineData",
        "inline_data",
        "fileData",
        "file_data",
        "functionCall",
        "function_call",
        "functionResponse",
        "function_response",
    ],
    inside: &[
        ("inlineData", INLINE),
        ("inline_data", INLINE),
        ("functionCall", CALL),
        ("function_call", CALL),
        ("functionResponse", RESPONSE),
        ("function_response", RESPONSE),
    ],
};

const CONTENT: Shape = Shape { members: &["role", "parts"], inside: &[("parts", PART)] };

pub(super) const GENERATE: Shape = Shape {
    members: &[
        "model",
        "contents",
        "systemInstruction",
        "system_instruction",
        "tools",
        "toolConfig",
        "tool_config",
        "generationConfig",
        "generation_config",
        "safetySettings",
        "safety_settings",
        "cachedContent",
        "cached_content",
        "labels",
    ],
    inside: &[("contents", CONTENT), ("systemInstruction", CONTENT), ("system_instruction", CONTENT)],
};
