//! [`ProviderBook`]: configured providers and their sealed credentials.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use hub_domain::call::OnDisconnect;
use hub_domain::ids::{CredentialId, ProviderId};
use hub_domain::ports::{
    CredentialRecord, NewProvider, ProviderBook, ProviderBookError, ProviderRecord, ProviderTimeouts,
    StorageError,
};

use crate::Store;
use crate::connection::{Connection, on_backend};
use crate::failure::{Failure, Step};
use crate::schema::{credentials, providers};
use crate::settings_version;
use crate::sql_types::{AsJson, Key, Millis, Now};

type ProviderRow = (
    Key,
    String,
    String,
    Option<String>,
    bool,
    String,
    Option<AsJson<ProviderTimeouts>>,
    Millis,
    Option<bool>,
);
type CredentialRow = (Key, Key, String, Vec<u8>, i32);

/// `None` for a provider of a later version, whose kind this one doesn't know and can't call.
fn record(row: ProviderRow) -> Option<ProviderRecord> {
    let (id, name, kind, base_url, enabled, on_disconnect, timeouts, created, responses) = row;
    let Ok(kind) = kind.parse() else {
        tracing::warn!(provider = name, kind, "the kind of a configured provider is unknown; it is left out");
        return None;
    };
    Some(ProviderRecord {
        id: id.into(),
        name,
        kind,
        base_url,
        enabled,
        on_disconnect: if on_disconnect == DRAIN { OnDisconnect::Drain } else { OnDisconnect::Cancel },
        responses,
        timeouts: timeouts.map(|AsJson(timeouts)| timeouts),
        credentials: Vec::new(),
        created: created.into(),
    })
}

const CANCEL: &str = "cancel";
const DRAIN: &str = "drain";

fn name_of(on_disconnect: OnDisconnect) -> &'static str {
    match on_disconnect {
        OnDisconnect::Cancel => CANCEL,
        OnDisconnect::Drain => DRAIN,
    }
}

async fn add(conn: &mut Connection, new: &NewProvider) -> Result<ProviderRecord, Failure<ProviderBookError>> {
    settings_version::raise(conn).await?;
    let inserted = on_backend!(conn, c => {
        diesel::insert_into(providers::table)
            .values((
                providers::id.eq(Key::from(new.id)),
                providers::name.eq(&new.name),
                providers::kind.eq(new.kind.name()),
                providers::base_url.eq(&new.base_url),
                providers::enabled.eq(true),
                providers::on_disconnect.eq(name_of(new.on_disconnect)),
                providers::responses.eq(new.responses),
                providers::timeouts.eq(new.timeouts.map(AsJson)),
                providers::created_ms.eq(Now::PRESENT),
            ))
            .on_conflict_do_nothing()
            .execute(c)
            .await
    })?;
    if inserted == 0 {
        return Err(Failure::Refused(ProviderBookError::Taken));
    }
    for credential in &new.credentials {
        insert_credential(conn, new.id, credential).await?;
    }
    let created: Millis = on_backend!(conn, c => {
        providers::table.find(Key::from(new.id)).select(providers::created_ms).first(c).await
    })?;
    let new = new.clone();
    Ok(ProviderRecord {
        id: new.id,
        name: new.name,
        kind: new.kind,
        base_url: new.base_url,
        enabled: true,
        on_disconnect: new.on_disconnect,
        responses: new.responses,
        timeouts: new.timeouts,
        credentials: new.credentials,
        created: created.into(),
    })
}

async fn insert_credential(
    conn: &mut Connection,
    provider: ProviderId,
    credential: &CredentialRecord,
) -> QueryResult<usize> {
    on_backend!(conn, c => {
        diesel::insert_into(credentials::table)
            .values((
                credentials::id.eq(Key::from(credential.id)),
                credentials::provider_id.eq(Key::from(provider)),
                credentials::tail.eq(&credential.tail),
                credentials::sealed.eq(&credential.sealed),
                credentials::weight.eq(stored_weight(credential.weight)),
            ))
            .execute(c)
            .await
    })
}

async fn add_credential(conn: &mut Connection, new: &(ProviderId, CredentialRecord)) -> Step<bool> {
    let (provider, credential) = new;
    // The lock also keeps the provider from being removed meanwhile.
    settings_version::lock(conn).await?;
    let providers: i64 = on_backend!(conn, c => {
        providers::table.filter(providers::id.eq(Key::from(*provider))).count().get_result(c).await
    })?;
    if providers == 0 {
        return Ok(false);
    }
    insert_credential(conn, *provider, credential).await?;
    settings_version::raise(conn).await?;
    Ok(true)
}

fn stored_weight(weight: u32) -> i32 {
    i32::try_from(weight).unwrap_or(i32::MAX)
}

async fn remove_credential(
    conn: &mut Connection,
    (provider, credential): &(ProviderId, CredentialId),
) -> Step<bool> {
    settings_version::lock(conn).await?;
    let removed = on_backend!(conn, c => {
        let own = credentials::table
            .filter(credentials::id.eq(Key::from(*credential)))
            .filter(credentials::provider_id.eq(Key::from(*provider)));
        diesel::delete(own).execute(c).await
    })?;
    if removed > 0 {
        settings_version::raise(conn).await?;
    }
    Ok(removed > 0)
}

async fn weigh_credential(
    conn: &mut Connection,
    (provider, credential, weight): &(ProviderId, CredentialId, u32),
) -> Step<bool> {
    settings_version::lock(conn).await?;
    let weighed = on_backend!(conn, c => {
        diesel::update(credentials::table)
            .filter(credentials::id.eq(Key::from(*credential)))
            .filter(credentials::provider_id.eq(Key::from(*provider)))
            .set(credentials::weight.eq(stored_weight(*weight)))
            .execute(c)
            .await
    })?;
    if weighed > 0 {
        settings_version::raise(conn).await?;
    }
    Ok(weighed > 0)
}

async fn list(conn: &mut Connection, _: &()) -> QueryResult<Vec<ProviderRecord>> {
    let providers: Vec<ProviderRow> = on_backend!(conn, c => {
        providers::table.order(providers::id).load(c).await
    })?;
    let credentials: Vec<CredentialRow> = on_backend!(conn, c => {
        credentials::table.order(credentials::id).load(c).await
    })?;
    let mut records: Vec<_> = providers.into_iter().filter_map(record).collect();
    for (id, provider, tail, sealed, weight) in credentials {
        if let Some(record) = records.iter_mut().find(|record| record.id == provider.into()) {
            let weight = u32::try_from(weight).unwrap_or(0);
            record.credentials.push(CredentialRecord { id: id.into(), tail, sealed, weight });
        }
    }
    Ok(records)
}

#[allow(clippy::ptr_arg)] // a step is handed what it owns
async fn remove(conn: &mut Connection, name: &String) -> Step<bool> {
    settings_version::lock(conn).await?;
    let names: Vec<(Key, String)> = on_backend!(conn, c => {
        providers::table.select((providers::id, providers::name)).load(c).await
    })?;
    let Some((id, _)) = names.into_iter().find(|(_, other)| other.eq_ignore_ascii_case(name)) else {
        return Ok(false);
    };
    on_backend!(conn, c => {
        diesel::delete(credentials::table.filter(credentials::provider_id.eq(id))).execute(c).await
    })?;
    on_backend!(conn, c => diesel::delete(providers::table.find(id)).execute(c).await)?;
    settings_version::raise(conn).await?;
    Ok(true)
}

#[async_trait]
impl ProviderBook for Store {
    async fn add(&self, provider: NewProvider) -> Result<ProviderRecord, ProviderBookError> {
        self.write(provider, add).await
    }

    async fn add_credential(
        &self,
        provider: ProviderId,
        credential: CredentialRecord,
    ) -> Result<bool, StorageError> {
        self.write((provider, credential), add_credential).await
    }

    async fn remove_credential(
        &self,
        provider: ProviderId,
        credential: CredentialId,
    ) -> Result<bool, StorageError> {
        self.write((provider, credential), remove_credential).await
    }

    async fn weigh_credential(
        &self,
        provider: ProviderId,
        credential: CredentialId,
        weight: u32,
    ) -> Result<bool, StorageError> {
        self.write((provider, credential, weight), weigh_credential).await
    }

    async fn list(&self) -> Result<Vec<ProviderRecord>, StorageError> {
        self.read((), list).await
    }

    async fn remove(&self, name: &str) -> Result<bool, StorageError> {
        self.write(name.to_owned(), remove).await
    }
}
