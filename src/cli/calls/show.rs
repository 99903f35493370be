//! `aigne-hub calls show`.

use clap::Args;
use hub_domain::ids::CallId;
use hub_domain::ports::Scope;

use super::super::table::{Table, fields, or_dash};
use super::super::{Failure, Output};
use super::CallView;
use crate::compose::Books;

/// Show one call: status, usage, cost and every try upstream.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  aigne-hub calls show 0197f0c4-…\n  aigne-hub calls show 0197f0c4-… --json"
)]
pub struct Show {
    /// The call's id, as the header x-aigne-hub-call-id has it
    id: String,
}

impl Show {
    pub async fn run(self, books: &Books) -> Result<Output, Failure> {
        let unknown = || Failure::refused(format!("there is no call with the id `{}`", self.id));
        let id: CallId = self.id.parse().map_err(|_| unknown())?;
        let record = books.calls.find(Scope::All, id).await?.ok_or_else(unknown)?;
        let view = CallView::from(&record);
        Ok(Output::new(&view, text(&view)))
    }
}

fn text(view: &CallView) -> String {
    let shown = |value: &Option<String>| value.clone().unwrap_or_default();
    let millis = |value: &Option<u64>| value.map(|ms| format!("{ms} ms")).unwrap_or_default();
    let usage = view.usage.as_ref().map(|usage| {
        let meters = usage.meters.iter().map(|(meter, quantity)| format!("{meter} {quantity}"));
        let marks = [
            ("estimated", usage.estimated),
            ("partial", usage.partial),
            ("inconsistent", usage.inconsistent),
        ];
        let marks = marks.into_iter().filter(|(_, is_set)| *is_set).map(|(mark, _)| format!("({mark})"));
        meters.chain(marks).collect::<Vec<_>>().join(", ")
    });
    let mut text = fields(&[
        ("id", view.id.clone()),
        ("status", view.status.to_owned()),
        ("state", view.state.clone()),
        ("reason", shown(&view.reason)),
        ("error", shown(&view.error)),
        ("account", view.account_name.clone()),
        ("model", format!("{}/{}", view.provider, view.model)),
        ("type", view.call_type.to_owned()),
        ("stream", view.stream.to_string()),
        ("usage", usage.unwrap_or_default()),
        ("cost", view.cost.clone()),
        ("hold", view.hold.clone()),
        ("finish", shown(&view.finish_reason)),
        ("duration", millis(&view.duration_ms)),
        ("first content", millis(&view.ttfb_ms)),
        ("accepted", view.accepted.clone()),
        ("closed", shown(&view.closed)),
        ("request", shown(&view.request_id)),
        ("trace", shown(&view.trace_id)),
        ("upstream id", shown(&view.upstream_id)),
        ("instance", view.instance.clone()),
    ]);
    if !view.lines.is_empty() {
        let mut lines = Table::new(["METER", "QUANTITY", "PRICE", "AMOUNT"]);
        for line in &view.lines {
            let (meter, quantity) = (line.meter.to_owned(), line.quantity.to_string());
            lines.row([meter, quantity, line.price.clone(), line.amount.clone()]);
        }
        text.push('\n');
        text.push_str(&lines.render());
    }
    if view.attempts.len() > 1 || view.attempts.iter().any(|attempt| attempt.error.is_some()) {
        let mut tries = Table::new(["TRY", "UPSTREAM", "STATUS", "ERROR", "DURATION"]);
        for (number, attempt) in view.attempts.iter().enumerate() {
            tries.row([
                (number + 1).to_string(),
                format!("{}/{}", attempt.provider, attempt.model),
                or_dash(&attempt.http_status),
                or_dash(&attempt.error),
                format!("{} ms", attempt.duration_ms),
            ]);
        }
        text.push('\n');
        text.push_str(&tries.render());
    }
    text
}
