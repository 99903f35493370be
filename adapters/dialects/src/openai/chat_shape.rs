//! The members of a Chat Completions request that are read, or that no model ever sees. All others are
//! weighed: an upstream may make tokens of them.

use crate::outline::Shape;

const CALL: Shape = Shape {
    members: &["id", "index", "type", "function", "custom"],
    inside: &[("function", Shape::flat(&["name", "arguments"])), ("custom", Shape::flat(&["name", "input"]))],
};

const PART: Shape = Shape {
    members: &[
        "type",
        "text",
        "refusal",
        "image_url",
        "input_audio",
        "file",
        "cache_control",
        "prompt_cache_breakpoint",
    ],
    inside: &[
        ("image_url", Shape::flat(&["url", "detail"])),
        ("input_audio", Shape::flat(&["data", "format"])),
        ("file", Shape::flat(&["file_data", "file_id", "filename"])),
    ],
};

/// Not `name`, which is text like any other, and not the second name of thoughts.
const MESSAGE: Shape = Shape {
    members: &[
        "role",
        "content",
        "refusal",
        "reasoning_content",
        "tool_calls",
        "function_call",
        "tool_call_id",
        "audio",
    ],
    inside: &[
        ("content", PART),
        ("tool_calls", CALL),
        ("function_call", Shape::flat(&["name", "arguments"])),
        ("audio", Shape::flat(&["id"])),
    ],
};

const FUNCTION: Shape = Shape::flat(&["name", "description", "parameters", "strict"]);

const TOOL: Shape = Shape {
    members: &["type", "function", "custom"],
    inside: &[("function", FUNCTION), ("custom", Shape::flat(&["name", "description", "format"]))],
};

const FORMAT: Shape = Shape {
    members: &["type", "json_schema"],
    inside: &[("json_schema", Shape::flat(&["name", "schema", "strict"]))],
};

pub(super) const CHAT: Shape = Shape {
    members: &[
        "model",
        "messages",
        "stream",
        "stream_options",
        "max_tokens",
        "max_completion_tokens",
        "temperature",
        "top_p",
        "n",
        "tools",
        "tool_choice",
        "parallel_tool_calls",
        "functions",
        "function_call",
        "response_format",
        "reasoning_effort",
        "verbosity",
        "stop",
        "seed",
        "frequency_penalty",
        "presence_penalty",
        "logit_bias",
        "logprobs",
        "top_logprobs",
        "modalities",
        "audio",
        "user",
        "store",
        "metadata",
        "service_tier",
        "safety_identifier",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
    ],
    inside: &[("messages", MESSAGE), ("tools", TOOL), ("functions", FUNCTION), ("response_format", FORMAT)],
};
