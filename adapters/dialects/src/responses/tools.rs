//! Which tools of this dialect a provider of it may be asked for.

use hub_domain::error::ProviderError;
use hub_domain::vocabulary::Tool;
use serde::Deserialize;

use crate::encoded::unsupported;
use crate::wire::loose::Short;

/// Tools that only this dialect has, and that the client runs: they cost what their words cost.
const RUN_BY_CLIENTS: [&str; 5] = ["apply_patch", "computer", "computer_use_preview", "local_shell", SHELL];

const SHELL: &str = "shell";

/// Refuses tools that the provider runs. It bills them on its own and reads their results in as input, so that no
/// bound of what a request costs holds with them.
pub(super) fn require_run_by_client(tools: &[Tool]) -> Result<(), ProviderError> {
    for (index, tool) in tools.iter().enumerate() {
        if let Some(kind) = &tool.hosted
            && !is_run_by_client(kind, tool.parameters.as_deref().unwrap_or_default())
        {
            let why = format!(
                "The tool '{kind}' runs at the provider, which bills it beside the answer; this hub can't bound \
                 what it costs."
            );
            return Err(unsupported(format!("tools[{index}]"), &why));
        }
    }
    Ok(())
}

fn is_run_by_client(kind: &str, definition: &str) -> bool {
    RUN_BY_CLIENTS.contains(&kind) && (kind != SHELL || is_local(definition))
}

/// A shell may also be in a container of the provider's.
fn is_local(definition: &str) -> bool {
    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct Shell<'a> {
        #[serde(borrow)]
        environment: Option<Environment<'a>>,
    }
    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct Environment<'a> {
        #[serde(rename = "type", borrow)]
        kind: Short<'a>,
    }
    let shell: Shell<'_> = serde_json::from_str(definition).unwrap_or_default();
    shell.environment.is_some_and(|environment| environment.kind.0.as_deref() == Some("local"))
}
