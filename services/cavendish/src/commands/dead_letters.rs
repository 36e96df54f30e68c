use crate::cli::{Chosen, DeadLetterArgs, DeadLetterCommand};
use crate::{Exit, output, settings};
use anyhow::bail;
use cavendish_store::{DeadLetter, Store};
use std::path::Path;
use uuid::Uuid;

/// Dead letters that `--all` takes at once.
const ALL: i64 = 10_000;

pub(crate) async fn run(args: DeadLetterArgs, config: Option<&Path>) -> anyhow::Result<Exit> {
    let store = settings::store(config).await?;
    match args.command {
        DeadLetterCommand::List { all, limit, json } => list(&store, all, limit, json).await,
        DeadLetterCommand::Show { id, json } => show(&store, id, json).await,
        DeadLetterCommand::Replay(chosen) => resolve(&store, chosen, Resolution::Replay).await,
        DeadLetterCommand::Discard(chosen) => resolve(&store, chosen, Resolution::Discard).await,
    }
}

async fn list(store: &Store, all: bool, limit: i64, json: bool) -> anyhow::Result<Exit> {
    let letters = store.dead_letters(all, limit.max(1)).await?;
    if json {
        output::json(&letters)?;
        return Ok(Exit::Done);
    }
    if letters.is_empty() {
        output::note("no dead letters");
        return Ok(Exit::Done);
    }
    let row = |letter: &DeadLetter| {
        let state = output::state(&letter.state);
        let detail = output::short(&letter.detail, 70);
        vec![
            letter.id.to_string(),
            letter.stage.clone(),
            state,
            output::ago(letter.created_at),
            letter.reason.clone(),
            detail,
        ]
    };
    let rows: Vec<_> = letters.iter().map(row).collect();
    println!("{}", output::table(&["ID", "STAGE", "STATE", "SINCE", "REASON", "DETAIL"], &rows));
    output::next(&format!("cavendish dead-letters show {}", letters[0].id));
    Ok(Exit::Done)
}

async fn show(store: &Store, id: Uuid, json: bool) -> anyhow::Result<Exit> {
    let letter = store.dead_letter(id).await?;
    if json {
        output::json(&letter)?;
        return Ok(Exit::Done);
    }
    let or_none = |id: Option<Uuid>| id.map_or_else(|| "–".into(), |id| id.to_string());
    let rows = [
        ("state", output::state(&letter.state)),
        ("stage", letter.stage.clone()),
        ("lane", letter.lane.clone().unwrap_or_else(|| "–".into())),
        ("job", or_none(letter.job_id)),
        ("subject", or_none(letter.subject_id)),
        ("given up", format!("{} ({})", output::ago(letter.created_at), letter.created_at.format("%F %T UTC"))),
        ("attempts", letter.failures.to_string()),
        ("reason", letter.reason.clone()),
        ("detail", letter.detail.clone()),
        ("message", letter.body.clone().unwrap_or_else(|| "none kept: the job is in the database".into())),
    ];
    let rows: Vec<_> = rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();
    println!("{}", output::table(&["dead letter", &letter.id.to_string()], &rows));
    if letter.state == "open" {
        output::next(&format!("cavendish dead-letters replay {id}"));
    }
    Ok(Exit::Done)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Resolution {
    Replay,
    Discard,
}

async fn resolve(store: &Store, chosen: Chosen, resolution: Resolution) -> anyhow::Result<Exit> {
    let ids = match chosen.all {
        true => store.dead_letters(false, ALL).await?.into_iter().map(|letter| letter.id).collect(),
        false => chosen.ids,
    };
    let (verb, done) = match resolution {
        Resolution::Replay => ("replay", "replayed"),
        Resolution::Discard => ("discard", "discarded"),
    };
    if ids.is_empty() {
        output::note(&format!("nothing to {verb}"));
        return Ok(Exit::Done);
    }
    let harmless = resolution == Resolution::Replay && !chosen.all;
    if !chosen.yes && !harmless && !output::confirmed(&format!("{verb} {} dead letters?", ids.len()))? {
        bail!("nothing was done");
    }
    let mut failed = 0;
    for id in &ids {
        let outcome = match resolution {
            Resolution::Replay => store.replay(*id).await,
            Resolution::Discard => store.discard(*id).await,
        };
        match outcome {
            Ok(()) => println!("{id} {done}"),
            Err(error) => {
                failed += 1;
                output::note(&format!("{id}: {error}"));
            }
        }
    }
    Ok(if failed == 0 { Exit::Done } else { Exit::Failed })
}
