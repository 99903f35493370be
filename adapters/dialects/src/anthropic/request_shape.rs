//! The members of a Messages request that are read, or that no model ever sees. All others are weighed: an
//! upstream may make tokens of them.

use crate::outline::Shape;

const SOURCE: Shape = Shape::flat(&["type", "media_type", "data", "url"]);

/// Blocks inside a tool's result.
const INNER: Shape =
    Shape { members: &["type", "text", "source", "cache_control"], inside: &[("source", SOURCE)] };

/// Not `context` and `citations` of documents, which are text like any other.
const BLOCK: Shape = Shape {
    members: &[
        "type",
        "text",
        "source",
        "title",
        "thinking",
        "signature",
        "data",
        "id",
        "name",
        "input",
        "tool_use_id",
        "content",
        "is_error",
        "cache_control",
    ],
    inside: &[("source", SOURCE), ("content", INNER)],
};

const MESSAGE: Shape = Shape { members: &["role", "content"], inside: &[("content", BLOCK)] };

const TOOL: Shape = Shape::flat(&["type", "name", "description", "input_schema", "strict", "cache_control"]);

pub(super) const MESSAGES: Shape = Shape {
    members: &[
        "model",
        "max_tokens",
        "messages",
        "system",
        "stop_sequences",
        "temperature",
        "top_p",
        "top_k",
        "stream",
        "tools",
        "tool_choice",
        "thinking",
        "output_config",
        "metadata",
        "service_tier",
        "cache_control",
    ],
    inside: &[("messages", MESSAGE), ("tools", TOOL), ("system", INNER)],
};
