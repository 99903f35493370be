//! What a command prints: text for people or JSON for programs, on standard output; notes on standard
//! error.

use std::io::Write;
use std::process::ExitCode;

use serde::Serialize;

/// The result of a command, not printed yet.
#[derive(Debug)]
pub struct Output {
    json: serde_json::Value,
    text: String,
    notes: Vec<String>,
    code: u8,
}

impl Output {
    pub fn new(json: &impl Serialize, text: impl Into<String>) -> Self {
        // Views are plain structs of texts and numbers, which JSON has.
        let json = serde_json::to_value(json).unwrap_or_default();
        Self { json, text: text.into(), notes: Vec::new(), code: 0 }
    }

    /// Something beside the result that people should know.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    pub fn exit(mut self, code: u8) -> Self {
        self.code = code;
        self
    }

    pub fn print(self, as_json: bool) -> ExitCode {
        for note in &self.notes {
            // Without standard error there is nobody to tell.
            let _ = writeln!(std::io::stderr(), "note: {note}");
        }
        let text = if as_json { format!("{:#}", self.json) } else { self.text };
        let printed = writeln!(std::io::stdout().lock(), "{}", text.trim_end());
        match printed {
            // A reader such as `head` that has seen enough is no failure.
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => ExitCode::FAILURE,
            _ => ExitCode::from(self.code),
        }
    }

    #[cfg(test)]
    pub fn json(&self) -> &serde_json::Value {
        &self.json
    }

    #[cfg(test)]
    pub fn text(&self) -> &str {
        &self.text
    }

    #[cfg(test)]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    #[cfg(test)]
    pub fn code(&self) -> u8 {
        self.code
    }
}
