//! [`ModelBook`]: virtual models.

use std::sync::Arc;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use hub_domain::ports::{ModelBook, ModelBookError, NewVirtualModel, StorageError};
use hub_domain::routing::{Fallback, Strategy, Target, VirtualModel};

use crate::Store;
use crate::connection::{Connection, on_backend};
use crate::failure::{Failure, Step};
use crate::schema::virtual_models;
use crate::settings_version;
use crate::sql_types::{AsJson, Millis, Now};

type Row = (String, String, AsJson<Vec<Target>>, AsJson<Fallback>, Millis);

/// `None` for one of a later version, whose strategy this one doesn't know.
fn model((name, strategy, AsJson(targets), AsJson(fallback), created): Row) -> Option<VirtualModel> {
    let Some(strategy) = Strategy::ALL.into_iter().find(|one| one.name() == strategy) else {
        tracing::warn!(model = name, strategy, "the strategy of a virtual model is unknown; it is left out");
        return None;
    };
    let created = hub_domain::ports::UnixMillis::from(created).seconds();
    Some(VirtualModel { name: Arc::from(name), strategy, targets, fallback, created })
}

async fn put(
    conn: &mut Connection,
    (new, replace): &(NewVirtualModel, bool),
) -> Result<VirtualModel, Failure<ModelBookError>> {
    settings_version::raise(conn).await?;
    let (targets, fallback) = (AsJson(new.targets.clone()), AsJson(new.fallback));
    let inserted = on_backend!(conn, c => {
        diesel::insert_into(virtual_models::table)
            .values((
                virtual_models::name.eq(&new.name),
                virtual_models::strategy.eq(new.strategy.name()),
                virtual_models::targets.eq(&targets),
                virtual_models::fallback.eq(&fallback),
                virtual_models::created_ms.eq(Now::PRESENT),
            ))
            .on_conflict_do_nothing()
            .execute(c)
            .await
    })?;
    if inserted == 0 && !replace {
        return Err(Failure::Refused(ModelBookError::Taken));
    }
    if inserted == 0 {
        on_backend!(conn, c => {
            diesel::update(virtual_models::table.find(&new.name))
                .set((
                    virtual_models::strategy.eq(new.strategy.name()),
                    virtual_models::targets.eq(&targets),
                    virtual_models::fallback.eq(&fallback),
                ))
                .execute(c)
                .await
        })?;
    }
    let row: Row = on_backend!(conn, c => virtual_models::table.find(&new.name).first(c).await)?;
    model(row).ok_or_else(|| Failure::Refused(StorageError::broken("a strategy was not kept").into()))
}

async fn list(conn: &mut Connection, _: &()) -> QueryResult<Vec<VirtualModel>> {
    let rows: Vec<Row> = on_backend!(conn, c => virtual_models::table.load(c).await)?;
    let mut models: Vec<_> = rows.into_iter().filter_map(model).collect();
    // Here, because the databases order texts differently.
    models.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(models)
}

#[allow(clippy::ptr_arg)] // a step is handed what it owns
async fn remove(conn: &mut Connection, name: &String) -> Step<bool> {
    settings_version::lock(conn).await?;
    let removed = on_backend!(conn, c => diesel::delete(virtual_models::table.find(name)).execute(c).await)?;
    if removed == 0 {
        return Ok(false);
    }
    settings_version::raise(conn).await?;
    Ok(true)
}

#[async_trait]
impl ModelBook for Store {
    async fn put(&self, model: NewVirtualModel, replace: bool) -> Result<VirtualModel, ModelBookError> {
        self.write((model, replace), put).await
    }

    async fn list(&self) -> Result<Vec<VirtualModel>, StorageError> {
        self.read((), list).await
    }

    async fn remove(&self, name: &str) -> Result<bool, StorageError> {
        self.write(name.to_owned(), remove).await
    }
}
