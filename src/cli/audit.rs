//! `aigne-hub audit`.

use clap::Args;
use hub_domain::ports::{AuditCounts, Finding};
use serde::Serialize;

use super::table::Table;
use super::{Failure, Output};
use crate::compose::Books;

/// Prove that the books are right: every charge recomputed, every balance summed up anew.
///
/// Exit code 0: nothing is wrong; 1: findings; 3: the audit could not run. It changes nothing and may
/// run beside a server, whose open calls are counted but are no findings.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  aigne-hub audit\n  aigne-hub audit --json | jq .findings")]
pub struct Audit {}

#[derive(Serialize)]
struct Audited {
    ok: bool,
    findings: Vec<Finding>,
    /// Calls that are open now.
    open_holds: u64,
    checked: AuditCounts,
}

impl Audit {
    pub async fn run(self, books: &Books) -> Result<Output, Failure> {
        let report = books.auditor.audit().await.map_err(|error| Failure::NotAudited(error.to_string()))?;
        let ok = report.findings.is_empty();
        let counts = &report.checked;
        let looked_at = format!(
            "{} accounts, {} calls, {} transfers, {} usage events, {} checks; open holds: {}",
            counts.accounts, counts.calls, counts.transfers, counts.outbox, counts.checks, report.open_holds
        );
        let text = if ok {
            format!("the books are right ({looked_at})")
        } else {
            let mut table = Table::new(["CHECK", "SUBJECT", "WHAT IS WRONG"]);
            for Finding { check, subject, message } in &report.findings {
                table.row([check.clone(), subject.clone(), message.clone()]);
            }
            format!("{}\n{} findings ({looked_at})", table.render(), report.findings.len())
        };
        let code = u8::from(!ok);
        let audited =
            Audited { ok, findings: report.findings, open_holds: report.open_holds, checked: report.checked };
        Ok(Output::new(&audited, text).exit(code))
    }
}

#[cfg(test)]
mod tests {
    use hub_domain::memory::Memory;

    use super::*;

    #[tokio::test]
    async fn right_books_exit_with_0() {
        let output = Audit {}.run(&Books::of(Memory::new())).await.unwrap();
        assert_eq!(output.code(), 0);
        assert_eq!(output.json()["ok"], true);
        assert_eq!(output.json()["open_holds"], 0);
        assert!(output.json()["checked"].is_object());
        assert_eq!(output.json()["findings"], serde_json::json!([]));
    }

    #[tokio::test]
    async fn an_audit_that_could_not_run_is_no_finding() {
        let memory = Memory::new();
        let books = Books::of(memory.clone());
        memory.set_away(true);
        let failure = Audit {}.run(&books).await.unwrap_err();
        assert!(matches!(failure, Failure::NotAudited(_)), "{failure}");
    }
}
