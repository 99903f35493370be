//! The contract of [`Egress`](crate::ports::Egress).

use std::time::Duration;

use crate::ports::{Egress, EgressError};

const TIME: Duration = Duration::from_secs(5);

/// `there` names a PNG that may be fetched.
pub async fn egress(egress: &dyn Egress, there: &str) {
    what_is_there_is_told_by_its_bytes(egress, there).await;
    what_belongs_to_the_operator_is_not_fetched(egress).await;
    what_is_no_url_of_the_web_is_not_fetched(egress).await;
}

async fn what_is_there_is_told_by_its_bytes(egress: &dyn Egress, there: &str) {
    let fetched = egress.fetch(there, TIME).await.unwrap();
    assert_eq!(fetched.media_type, "image/png");
    assert!(fetched.bytes.starts_with(b"\x89PNG"));
}

async fn what_belongs_to_the_operator_is_not_fetched(egress: &dyn Egress) {
    for url in
        ["http://127.0.0.1/", "http://169.254.169.254/latest/meta-data", "http://[::1]/", "http://10.0.0.1/"]
    {
        assert_eq!(egress.fetch(url, TIME).await, Err(EgressError::Unreachable), "{url}");
    }
}

async fn what_is_no_url_of_the_web_is_not_fetched(egress: &dyn Egress) {
    for url in ["file:///etc/passwd", "gopher://example.org/", "ftp://example.org/", "no url", ""] {
        assert_eq!(egress.fetch(url, TIME).await, Err(EgressError::Unreachable), "{url}");
    }
}
