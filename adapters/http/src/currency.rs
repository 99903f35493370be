//! The unit of the hub's own books, as clients of a payment service expect to see a currency.

use serde::Serialize;

#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Currency {
    id: &'static str,
    name: &'static str,
    symbol: &'static str,
    decimal: u8,
    maximum_precision: u8,
}

pub(crate) const CREDIT: Currency =
    Currency { id: "credit", name: "Credit", symbol: "credits", decimal: 10, maximum_precision: 10 };
