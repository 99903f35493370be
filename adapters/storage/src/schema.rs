//! The tables of `migrations/`, one schema for both databases. Only the three SQL types of
//! [`crate::sql_types`] differ between them.

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::sql_types::{Id, Instant};

    accounts (id) {
        id -> Id,
        name -> Text,
        did -> Nullable<Text>,
        kind -> Text,
        posted -> BigInt,
        held -> BigInt,
        overdraft -> BigInt,
        created_ms -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::sql_types::{Id, Instant};

    transfers (id) {
        id -> Id,
        kind -> Text,
        debit -> Id,
        credit -> Id,
        amount -> BigInt,
        call_id -> Nullable<Id>,
        idem_key -> Nullable<Text>,
        created_ms -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Bool, Nullable, Text};
    use crate::sql_types::{Id, Instant, Json};

    model_calls (id) {
        id -> Id,
        account_id -> Id,
        key_id -> Nullable<Id>,
        app_did -> Nullable<Text>,
        provider -> Text,
        model -> Text,
        credential_id -> Nullable<Id>,
        call_type -> Text,
        stream -> Bool,
        billing -> Text,
        rate_id -> Nullable<Id>,
        state -> Text,
        outcome -> Nullable<Text>,
        reason -> Nullable<Text>,
        error -> Nullable<Text>,
        finish_reason -> Nullable<Text>,
        hold -> BigInt,
        charge -> BigInt,
        overrun -> BigInt,
        lines -> Nullable<Json>,
        duration_ms -> Nullable<BigInt>,
        ttfb_ms -> Nullable<BigInt>,
        provider_ttfb_ms -> Nullable<BigInt>,
        request_id -> Nullable<Text>,
        trace_id -> Nullable<Text>,
        upstream_id -> Nullable<Text>,
        owner -> Text,
        owner_epoch -> BigInt,
        accepted_ms -> Instant,
        deadline_ms -> Instant,
        closed_ms -> Nullable<Instant>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text};
    use crate::sql_types::{Id, Instant};

    call_attempts (call_id, number) {
        call_id -> Id,
        number -> Integer,
        provider -> Text,
        model -> Text,
        credential_id -> Nullable<Id>,
        started_ms -> Instant,
        duration_ms -> BigInt,
        error -> Nullable<Text>,
        status -> Nullable<Integer>,
        maybe_executed -> Bool,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::sql_types::{Id, Instant};

    outbox (dedupe_key) {
        dedupe_key -> Id,
        kind -> Text,
        mode -> Text,
        account_id -> Id,
        app_did -> Nullable<Text>,
        amount -> BigInt,
        created_ms -> Instant,
        acked_ms -> Nullable<Instant>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::sql_types::{Id, Instant};

    meter_reports (id) {
        id -> Id,
        identifier -> Text,
        account_id -> Id,
        app_did -> Nullable<Text>,
        amount -> BigInt,
        carry_in -> BigInt,
        carry_out -> BigInt,
        event_ms -> Instant,
        state -> Text,
        claim_until_ms -> Instant,
        created_ms -> Instant,
        acked_ms -> Nullable<Instant>,
    }
}

diesel::table! {
    use diesel::sql_types::BigInt;
    use crate::sql_types::Id;

    meter_report_items (call_id) {
        call_id -> Id,
        report_id -> Id,
        amount -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Nullable, Text};
    use crate::sql_types::{Id, Instant};

    idempotency_keys (scope) {
        scope -> Binary,
        fingerprint -> Binary,
        account_id -> Id,
        call_id -> Id,
        state -> Text,
        answer -> Nullable<Binary>,
        created_ms -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Bool, Text};
    use crate::sql_types::Instant;

    instances (id, epoch) {
        id -> Text,
        epoch -> BigInt,
        lease_until_ms -> Instant,
        ended -> Bool,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::sql_types::Instant;

    jobs (name) {
        name -> Text,
        owner -> Nullable<Text>,
        fence -> BigInt,
        claimed_until_ms -> Instant,
        done_ms -> Nullable<Instant>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Text};

    settings (name) {
        name -> Text,
        value -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Integer, Nullable, Text};
    use crate::sql_types::{Id, Instant};

    access_keys (id) {
        id -> Id,
        hash -> Binary,
        tail -> Text,
        account_id -> Id,
        name -> Nullable<Text>,
        role -> Text,
        concurrent_calls -> Nullable<Integer>,
        created_ms -> Instant,
        expires_ms -> Nullable<Instant>,
        revoked_ms -> Nullable<Instant>,
        last_used_ms -> Nullable<Instant>,
    }
}

diesel::table! {
    use diesel::sql_types::{Bool, Nullable, Text};
    use crate::sql_types::{Id, Instant, Json};

    providers (id) {
        id -> Id,
        name -> Text,
        kind -> Text,
        base_url -> Nullable<Text>,
        enabled -> Bool,
        on_disconnect -> Text,
        timeouts -> Nullable<Json>,
        created_ms -> Instant,
        responses -> Nullable<Bool>,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Integer, Text};
    use crate::sql_types::Id;

    credentials (id) {
        id -> Id,
        provider_id -> Id,
        tail -> Text,
        sealed -> Binary,
        weight -> Integer,
    }
}

diesel::table! {
    use diesel::sql_types::Text;
    use crate::sql_types::{Instant, Json};

    virtual_models (name) {
        name -> Text,
        strategy -> Text,
        targets -> Json,
        fallback -> Json,
        created_ms -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Text};
    use crate::sql_types::{Instant, Json};

    upstream_reports (owner) {
        owner -> Text,
        owner_epoch -> BigInt,
        troubles -> Json,
        told_ms -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::{Integer, Text};
    use crate::sql_types::{Id, Instant, Json};

    rates (id) {
        id -> Id,
        provider -> Text,
        model -> Text,
        call_type -> Text,
        version -> Integer,
        prices -> Json,
        created_ms -> Instant,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    accounts,
    transfers,
    model_calls,
    call_attempts,
    outbox,
    meter_reports,
    meter_report_items,
    idempotency_keys,
    instances,
    jobs,
    settings,
    access_keys,
    providers,
    credentials,
    virtual_models,
    upstream_reports,
    rates,
);
