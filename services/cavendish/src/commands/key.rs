use crate::cli::{KeyArgs, KeyCommand};
use crate::{Exit, output, settings};
use anyhow::bail;
use cavendish_gateway::keys::Key;
use cavendish_store::{Store, StoreError};
use serde_json::json;
use std::path::Path;
use uuid::Uuid;

pub(crate) async fn run(args: KeyArgs, config: Option<&Path>) -> anyhow::Result<Exit> {
    let store = settings::store(config).await?;
    match args.command {
        KeyCommand::Create { tenant, name, json } => create(&store, &tenant, &name, json).await,
        KeyCommand::List { json } => list(&store, json).await,
        KeyCommand::Revoke { id } => revoke(&store, id).await,
    }
}

async fn create(store: &Store, tenant: &str, name: &str, json: bool) -> anyhow::Result<Exit> {
    let tenant_id = match store.create_tenant(tenant, tenant).await {
        Err(StoreError::Refused(_)) => bail!("--tenant: `{tenant}` is not of lower-case letters, digits and `-`"),
        made => made?,
    };
    let key = Key::generate();
    let id = store.add_key(tenant_id, name, key.shown(), &key.hash()).await?;
    if json {
        output::json(&json!({"id": id, "tenant": tenant, "name": name, "key": key.reveal()}))?;
    } else {
        println!("{}", key.reveal());
        output::note(&format!("key {id} of tenant `{tenant}`; it is not stored and cannot be shown again"));
        output::next("cavendish generate BRIEF.toml --key cav_…   or set CAVENDISH_KEY");
    }
    Ok(Exit::Done)
}

async fn list(store: &Store, json: bool) -> anyhow::Result<Exit> {
    let keys = store.keys().await?;
    if json {
        output::json(&keys)?;
        return Ok(Exit::Done);
    }
    if keys.is_empty() {
        output::note("no keys yet");
        output::next("cavendish key create");
        return Ok(Exit::Done);
    }
    let row = |key: &cavendish_store::ApiKey| {
        let ended = key.revoked_at.map_or_else(|| "valid".into(), |at| format!("revoked {}", output::ago(at)));
        vec![
            key.id.to_string(),
            key.tenant.clone(),
            key.name.clone(),
            format!("{}…", key.prefix),
            output::ago(key.created_at),
            ended,
        ]
    };
    let rows: Vec<_> = keys.iter().map(row).collect();
    println!("{}", output::table(&["ID", "TENANT", "NAME", "KEY", "MADE", "STATE"], &rows));
    Ok(Exit::Done)
}

async fn revoke(store: &Store, id: Uuid) -> anyhow::Result<Exit> {
    store.revoke_key(id).await?;
    output::note(&format!("key {id} is revoked; requests with it are refused from now on"));
    Ok(Exit::Done)
}
