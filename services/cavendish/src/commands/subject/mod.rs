//! `cavendish subject`: profiles of products, characters and styles, over HTTP.

mod show;

use crate::cli::{AddArgs, SubjectArgs, SubjectCommand};
use crate::client::{Client, POLL};
use crate::{Exit, brief_file, output, subject_page};
use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cavendish_domain::{ProfileKind, ProfileName, ProfileRef, Reference};
use cavendish_gateway::api::subjects::SubjectStatus;
use console::style;
use std::path::Path;
use uuid::Uuid;

/// Bytes of all photographs of one request: what the gateway takes in one body, less the growth of base64.
const MOST_BYTES: usize = 94 << 20;

pub(crate) async fn run(args: SubjectArgs) -> anyhow::Result<Exit> {
    let client = Client::with_key(&args.server.server, args.server.key.as_deref())?;
    let json = args.server.json;
    match args.command {
        SubjectCommand::Add(args) => add(&client, &args, json).await,
        SubjectCommand::List => list(&client, json).await,
        SubjectCommand::Show { name, page } => show(&client, &name, page.as_deref(), json).await,
        SubjectCommand::Test { name, photo } => test(&client, &name, &photo, json).await,
        SubjectCommand::Remove { name } => remove(&client, &name, json).await,
    }
}

async fn add(client: &Client, args: &AddArgs, json: bool) -> anyhow::Result<Exit> {
    let references = args.photos.iter().map(|photo| read(photo)).collect::<anyhow::Result<Vec<_>>>()?;
    let bytes: usize = references.iter().map(|(_, bytes)| bytes).sum();
    if bytes > MOST_BYTES {
        bail!(
            "the photographs have {bytes} bytes together, at most {MOST_BYTES} can be sent: reduce them to 2400 pixels"
        );
    }
    let references = references.into_iter().map(|(reference, _)| reference).collect();
    let latest = ProfileRef { name: args.name.clone(), version: None };
    let (kind, once) = (args.kind.map(ProfileKind::from), Uuid::new_v4().to_string());
    let accepted = match client.find_subject(&latest).await? {
        Some(known) => {
            let (name, is) = (&args.name, &known.head.kind);
            if let Some(kind) = kind.filter(|kind| kind.as_str() != is) {
                bail!("there is a subject `{name}` already, and it is a {is}, not a {kind}");
            }
            client.add_version(name, references, &once).await?
        }
        None => client.add_subject(&args.name, kind.unwrap_or_default(), references, &once).await?,
    };
    let named = ProfileRef { name: args.name.clone(), version: Some(accepted.version) };
    if args.no_wait {
        if json {
            output::json(&accepted)?;
        } else {
            println!("{named}");
        }
        output::next(&format!("cavendish subject show {named}"));
        return Ok(Exit::Done);
    }
    output::note(&format!("profiling {named} from {} photographs", args.photos.len()));
    let status = client.settled_subject(&named).await?;
    if json {
        output::json(&status)?;
    } else {
        show::print(&status);
    }
    let good = status.profile.head.status == "profiled";
    if good {
        output::next(&format!("cavendish generate BRIEF.toml --subject {}", args.name));
    }
    Ok(if good { Exit::Done } else { Exit::Failed })
}

async fn list(client: &Client, json: bool) -> anyhow::Result<Exit> {
    let list = client.subjects().await?;
    if json {
        output::json(&list)?;
        return Ok(Exit::Done);
    }
    let Some(first) = list.subjects.first() else {
        output::note("no subjects yet");
        output::next("cavendish subject add NAME PHOTO…");
        return Ok(Exit::Done);
    };
    let row = |subject: &cavendish_gateway::api::subjects::SubjectHead| {
        vec![
            subject.name.clone(),
            subject.kind.clone(),
            output::state(&subject.status),
            subject.current.map_or_else(|| "–".into(), |version| version.to_string()),
            subject.versions.to_string(),
            subject.jobs.to_string(),
            output::ago(subject.created_at),
        ]
    };
    let rows: Vec<_> = list.subjects.iter().map(row).collect();
    println!("{}", output::table(&["NAME", "KIND", "NEWEST", "CURRENT", "VERSIONS", "JOBS", "MADE"], &rows));
    output::next(&format!("cavendish subject show {}", first.name));
    Ok(Exit::Done)
}

async fn show(client: &Client, named: &ProfileRef, page: Option<&Path>, json: bool) -> anyhow::Result<Exit> {
    let status = found(client, named).await?;
    if json {
        output::json(&status)?;
    } else {
        show::print(&status);
    }
    match page {
        Some(file) => {
            let html = subject_page::page(&status, &subject_page::pictures(client, &status).await?);
            std::fs::write(file, html).with_context(|| format!("cannot write {}", file.display()))?;
            output::note(&format!("{} {}", style("✓").green().for_stderr(), file.display()));
        }
        None => output::next(&format!("cavendish subject show {named} --page {}.html", named.name)),
    }
    Ok(Exit::Done)
}

async fn test(client: &Client, named: &ProfileRef, photo: &Path, json: bool) -> anyhow::Result<Exit> {
    let (picture, _) = read(photo)?;
    let mut test = client.test_subject(named, picture).await?;
    output::note(&format!("comparing {} with {}@{}", photo.display(), test.name, test.version));
    while test.status == "requested" {
        tokio::time::sleep(POLL).await;
        test = client.subject_test(&test).await?;
    }
    if json {
        output::json(&test)?;
    } else if let Some(result) = &test.result {
        println!("{}", show::verdict(result));
    }
    if let Some(error) = &test.error {
        bail!("the picture could not be compared: {error}");
    }
    output::next(&format!("cavendish subject show {}@{}", test.name, test.version));
    Ok(Exit::Done)
}

async fn remove(client: &Client, name: &ProfileName, json: bool) -> anyhow::Result<Exit> {
    client.remove_subject(name).await?;
    if json {
        output::json(&serde_json::json!({"removed": name}))?;
    } else {
        println!("removed {name}");
    }
    output::next("cavendish subject list");
    Ok(Exit::Done)
}

async fn found(client: &Client, named: &ProfileRef) -> anyhow::Result<SubjectStatus> {
    let status = client.find_subject(named).await?;
    status.with_context(|| format!("there is no subject `{named}`; `cavendish subject list` shows all"))
}

/// A photograph for a request, and its size.
fn read(photo: &Path) -> anyhow::Result<(Reference, usize)> {
    let bytes = brief_file::read_photo(photo).map_err(anyhow::Error::msg)?;
    Ok((Reference::Data(STANDARD.encode(&bytes)), bytes.len()))
}
