//! A5 and A6: the price of a call, computed anew from its usage and its version of the rate.

use hub_domain::ids::RateId;
use hub_domain::ports::NewCall;
use serde_json::{Value, json};

use super::{Books, OVERRUN, REVENUE, system};
use crate::by_hand::Hand;
use crate::database::Database;
use crate::on_both_databases;

on_both_databases! {
    lines_that_do_not_add_up_to_the_cost,
    lines_that_can_not_be_read,
    lines_that_are_gone,
    a_line_that_is_not_quantity_times_rate,
    a_meter_that_is_paid_twice,
    a_usage_that_costs_something_else,
    prices_that_were_changed_afterwards,
    a_rate_that_is_gone,
    a_call_without_a_rate,
}

impl Books<'_> {
    async fn lines_of(&self, call: &NewCall) -> Value {
        let sql = format!("SELECT CAST(lines AS text) FROM model_calls WHERE id = {}", self.sql(call));
        serde_json::from_str(self.hand.ask(&sql).await[0].as_deref().unwrap()).unwrap()
    }

    async fn write_lines(&self, call: &NewCall, lines: &Value) {
        let id = self.sql(call);
        self.break_by(&format!("UPDATE model_calls SET lines = '{lines}' WHERE id = {id}")).await;
    }
}

async fn lines_that_do_not_add_up_to_the_cost(database: &Database) {
    let books = Books::honest(database).await;
    let first = books.sql(&books.first);
    let (overrun, revenue) = (system(books.hand, OVERRUN), system(books.hand, REVENUE));
    books.transfer("overrun", &overrun, &revenue, 3, Some(books.first.id)).await;
    books.break_by(&format!("UPDATE model_calls SET overrun = 3 WHERE id = {first}")).await;

    books.are_found_wrong_once("A5", &books.first, &["0.00000001 ", "0.0000000103 "]).await;
}

async fn lines_that_can_not_be_read(database: &Database) {
    let books = Books::honest(database).await;
    let text = match books.hand {
        Hand::Sqlite(_) => "{",
        Hand::Postgres(_) => "[1]",
    };
    let first = books.sql(&books.first);
    books.break_by(&format!("UPDATE model_calls SET lines = '{text}' WHERE id = {first}")).await;

    books.are_found_wrong_once("A5", &books.first, &["can't be read"]).await;
}

async fn lines_that_are_gone(database: &Database) {
    let books = Books::honest(database).await;
    let first = books.sql(&books.first);
    books.break_by(&format!("UPDATE model_calls SET lines = NULL WHERE id = {first}")).await;

    books.are_found_wrong_once("A5", &books.first, &["no price lines", "0.00000001 "]).await;
}

async fn a_line_that_is_not_quantity_times_rate(database: &Database) {
    let books = Books::honest(database).await;
    let mut lines = books.lines_of(&books.first).await;
    lines["lines"][0]["quantity"] = json!(91);
    books.write_lines(&books.first, &lines).await;

    books.are_found_wrong_once("A6", &books.first, &["91 of input", "0.0000000001", "0.000000009 "]).await;
}

async fn a_meter_that_is_paid_twice(database: &Database) {
    let books = Books::honest(database).await;
    let mut lines = books.lines_of(&books.first).await;
    let mut half = lines["lines"][0].clone();
    half["quantity"] = json!(45);
    half["amount"] = json!("0.0000000045");
    lines["lines"][0] = half.clone();
    lines["lines"].as_array_mut().unwrap().insert(0, half);
    books.write_lines(&books.first, &lines).await;

    books.are_found_wrong_once("A6", &books.first, &["input is paid twice"]).await;
}

async fn a_usage_that_costs_something_else(database: &Database) {
    let books = Books::honest(database).await;
    let mut lines = books.lines_of(&books.first).await;
    lines["usage"]["quantities"]["input"] = json!(95);
    books.write_lines(&books.first, &lines).await;

    books.are_found_wrong_once("A6", &books.first, &["0.0000000105 ", "0.00000001 ", "version 1"]).await;
}

async fn prices_that_were_changed_afterwards(database: &Database) {
    let books = Books::honest(database).await;
    let rate = books.hand.id(books.stage.rate.id.0);
    let prices = json!({"prices": {"input": "0.0000000001", "output": "0.0000000002"}});
    books.break_by(&format!("UPDATE rates SET prices = '{prices}' WHERE id = {rate}")).await;

    let all = [&books.first, &books.second, &books.beyond].map(|call| ("A6", call.id.0));
    books.are_found_wrong(&all).await;
}

async fn a_rate_that_is_gone(database: &Database) {
    let books = Books::honest(database).await;
    let (first, nowhere) = (books.sql(&books.first), RateId::new());
    let rate = books.hand.id(nowhere.0);
    books.break_by(&format!("UPDATE model_calls SET rate_id = {rate} WHERE id = {first}")).await;

    books.are_found_wrong_once("A6", &books.first, &[&nowhere.to_string(), "0.00000001 "]).await;
}

async fn a_call_without_a_rate(database: &Database) {
    let books = Books::honest(database).await;
    let first = books.sql(&books.first);
    books.break_by(&format!("UPDATE model_calls SET rate_id = NULL WHERE id = {first}")).await;

    books.are_found_wrong_once("A6", &books.first, &["no rate", "0.00000001 "]).await;
}
