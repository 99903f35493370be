//! Every contract of a store, port by port.

use hub_domain::ports::contract;

use crate::database::Database;
use crate::on_both_databases;

on_both_databases!(
    accounts_keep_their_contract,
    keys_keep_their_contract,
    rates_keep_their_contract,
    providers_keep_their_contract,
    virtual_models_keep_their_contract,
    reports_of_upstreams_keep_their_contract,
    leases_keep_their_contract,
    jobs_keep_their_contract,
    the_ledger_keeps_its_contract,
    answers_keep_their_contract,
    sealed_rows_keep_their_contract,
    the_outbox_keeps_its_contract,
    records_keep_their_contract,
    health_keeps_its_contract,
    the_audit_keeps_its_contract,
    the_local_reporter_keeps_its_contract,
);

async fn accounts_keep_their_contract(world: &Database) {
    contract::accounts(world).await;
}

async fn keys_keep_their_contract(world: &Database) {
    contract::key_store(world).await;
}

async fn rates_keep_their_contract(world: &Database) {
    contract::rate_book(world).await;
}

async fn providers_keep_their_contract(world: &Database) {
    contract::provider_book(world).await;
}

async fn virtual_models_keep_their_contract(world: &Database) {
    contract::model_book(world).await;
}

async fn reports_of_upstreams_keep_their_contract(world: &Database) {
    contract::upstream_reports(world).await;
}

async fn leases_keep_their_contract(world: &Database) {
    contract::leases(world).await;
}

async fn jobs_keep_their_contract(world: &Database) {
    contract::jobs(world).await;
}

async fn the_ledger_keeps_its_contract(world: &Database) {
    contract::call_ledger(world).await;
}

async fn answers_keep_their_contract(world: &Database) {
    contract::answers(world).await;
}

async fn sealed_rows_keep_their_contract(world: &Database) {
    contract::sealed_rows(world).await;
}

async fn the_outbox_keeps_its_contract(world: &Database) {
    contract::outbox(world).await;
}

async fn records_keep_their_contract(world: &Database) {
    contract::call_history(world).await;
}

async fn health_keeps_its_contract(world: &Database) {
    contract::health(world).await;
}

async fn the_audit_keeps_its_contract(world: &Database) {
    contract::auditor(world).await;
}

async fn the_local_reporter_keeps_its_contract(world: &Database) {
    contract::usage_reporter(&hub_storage::LocalLedger::new(world.store.clone())).await;
}
