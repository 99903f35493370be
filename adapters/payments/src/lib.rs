//! Payment Kit, the platform's billing service, as far as the hub speaks of it today: the body of a
//! meter event, which is what a report of charged calls becomes, and how amounts and times are written
//! into it. All of it is pure. Nothing here opens a connection or signs a request yet, and
//! `billing.mode = "payment-kit"` stops the program until it does.

mod identifier;
mod meter_event;
mod reported_time;
mod wire_amount;

pub use identifier::{Identifier, InvalidIdentifier};
pub use meter_event::{MeterEvent, Report};
pub use reported_time::ReportedTime;
pub use wire_amount::{Decimals, Reportable, WireAmount, split};
