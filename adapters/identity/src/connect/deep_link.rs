//! The address that opens a wallet: a link on a phone, a code on a screen.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Where wallets are sent to; those that are installed catch it.
pub(super) const WALLET: &str = "https://abtwallet.io/i/";

/// What JavaScript's `encodeURIComponent` leaves as it is.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// Where a wallet asks and answers: `base` and `path` as the wallet reaches them.
pub fn connect_callback(base: &str, path: &str, token: &str) -> String {
    format!("{base}{path}?_t_={token}")
}

/// The callback is encoded twice, because wallets decode it twice.
pub fn deep_link(callback: &str) -> String {
    let encoded = |text: &str| utf8_percent_encode(text, COMPONENT).to_string();
    format!("{WALLET}?action=requestAuth&url={}", encoded(&encoded(callback)))
}
