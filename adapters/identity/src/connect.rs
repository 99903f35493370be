//! DID Connect: how a browser asks for a person's wallet, and the wallet answers.
//!
//! A browser opens a [`ConnectSession`] and shows its address as a code. The wallet that scans it gets
//! what is asked for, signed by the application, and answers signed by its own key, in as many steps as
//! there are. This is the protocol alone: states, what is sent, what is checked. Where sessions are kept,
//! and what a sign-in means, is the caller's.

mod answer;
mod application;
mod claim;
mod deep_link;
mod sealed_box;
mod session;
mod text;
mod wallet_software;

pub use answer::{AcceptedAnswer, ConnectRefused, PasskeySite, WalletAction, WalletAnswer};
pub use application::{AppInfo, Application, Envelope, Reply};
pub use claim::Claim;
pub use deep_link::{connect_callback, deep_link};
pub use sealed_box::sealed_for_browser;
pub use session::{ConnectSession, ConnectState, SessionKey};
pub use text::{ConnectText, Language};
pub use wallet_software::WalletSoftware;
