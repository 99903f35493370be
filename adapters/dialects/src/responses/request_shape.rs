//! The members of a Responses request that are read, or that no model ever sees. All others are weighed: an
//! upstream may make tokens of them.

use crate::outline::Shape;

const PART: Shape = Shape {
    members: &[
        "type",
        "text",
        "refusal",
        "image_url",
        "detail",
        "file_id",
        "file_data",
        "file_url",
        "filename",
        "input_audio",
    ],
    inside: &[("input_audio", Shape::flat(&["data", "format"]))],
};

/// Items of all types; what only hosted tools have said is weighed twice.
const ITEM: Shape = Shape {
    members: &[
        "type",
        "id",
        "status",
        "role",
        "content",
        "call_id",
        "name",
        "arguments",
        "input",
        "output",
        "summary",
        "encrypted_content",
    ],
    inside: &[("content", PART), ("output", PART), ("summary", Shape::flat(&["type", "text"]))],
};

const TOOL: Shape = Shape::flat(&["type", "name", "description", "parameters", "strict", "format"]);

const TEXT: Shape = Shape {
    members: &["format", "verbosity"],
    inside: &[("format", Shape::flat(&["type", "name", "schema", "strict"]))],
};

/// Members that are read, that only the answer repeats, or that mean nothing without stored state. A provider of
/// another dialect does without all others.
pub(super) const REQUEST: Shape = Shape {
    members: &[
        "model",
        "input",
        "instructions",
        "max_output_tokens",
        "temperature",
        "top_p",
        "tools",
        "tool_choice",
        "parallel_tool_calls",
        "reasoning",
        "text",
        "stream",
        "stream_options",
        "store",
        "include",
        "metadata",
        "user",
        "previous_response_id",
        "conversation",
        "prompt",
        "background",
    ],
    inside: &[("input", ITEM), ("tools", TOOL), ("text", TEXT)],
};
