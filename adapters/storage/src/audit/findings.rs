//! What an audit found, listed as far as somebody would read.

use hub_domain::ports::Finding;

/// So many findings of one check are listed. Books that are wrong everywhere must not fill the memory.
pub const LISTED: usize = 100;

#[derive(Default)]
pub struct Findings {
    listed: Vec<Finding>,
}

impl Findings {
    pub fn add(&mut self, check: &str, subject: String, message: String) {
        let so_far = self.listed.iter().filter(|finding| finding.check == check).count();
        let finding = |subject, message| Finding { check: check.to_owned(), subject, message };
        match so_far {
            0..LISTED => self.listed.push(finding(subject, message)),
            LISTED => self.listed.push(finding(
                "…".to_owned(),
                format!("there are more findings of {check} than the {LISTED} that are listed"),
            )),
            _ => {}
        }
    }

    pub fn into_vec(self) -> Vec<Finding> {
        self.listed
    }
}
