//! `cargo xtask status`: what runs, where, and what to do about what does not.

use super::{Stack, server::Server};
use crate::{paths::Paths, say};
use anyhow::Result;
use console::style;
use serde::Serialize;

/// One server as `status --json` gives it.
#[derive(Debug, Serialize)]
struct Line {
    name: &'static str,
    /// `ready`, `starting`, `down` or `foreign`.
    state: &'static str,
    version: Option<String>,
    pid: Option<i32>,
    /// Address without credentials.
    address: String,
    log: String,
}

/// Prints the state of the servers, as a table or as JSON. True when all that are ours are ready.
pub(crate) fn print_status(stack: &Stack, json: bool) -> Result<bool> {
    let lines: Vec<Line> = stack.servers().iter().map(|server| line(stack, server.as_ref())).collect();
    let ready = lines.iter().all(|line| matches!(line.state, "ready" | "foreign"));
    let config = stack.paths.show(&stack.paths.env_file());
    if json {
        let value = serde_json::json!({ "ready": ready, "config": stack.paths.env_file(), "servers": lines });
        println!("{}", serde_json::to_string_pretty(&value)?);
        return Ok(ready);
    }
    println!("{}", say::table(&lines.iter().map(row).collect::<Vec<_>>()));
    if ready {
        println!("\nConfiguration for services: {config}");
    } else {
        println!("\nStart what is down with `cargo xtask up`.");
    }
    Ok(ready)
}

fn line(stack: &Stack, server: &dyn Server) -> Line {
    let foreign = stack.foreign.of(server.name());
    let found = server.find();
    let version = if found.is_empty() || foreign.is_some() { None } else { server.answer() };
    let state = match (foreign, found.is_empty(), &version) {
        (Some(_), ..) => "foreign",
        (None, true, _) => "down",
        (None, false, None) => "starting",
        (None, false, Some(_)) => "ready",
    };
    let address = foreign.map_or_else(|| addresses(stack, server), without_credentials);
    let log = relative(&stack.paths, &server.log());
    Line { name: server.name(), state, version, pid: found.first().map(|process| process.pid), address, log }
}

fn relative(paths: &Paths, log: &std::path::Path) -> String {
    paths.show(log)
}

fn addresses(stack: &Stack, server: &dyn Server) -> String {
    let port = |name| stack.ports.of(name);
    match server.name() {
        "rabbitmq" => format!("127.0.0.1:{}  management http://127.0.0.1:{}", port("amqp"), port("management")),
        "postgres" => format!("127.0.0.1:{}", port("postgres")),
        _ => format!("http://127.0.0.1:{}", port("s3")),
    }
}

/// `scheme://user:password@host/path` without user and password.
fn without_credentials(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, place))) => format!("{scheme}://{place}"),
        _ => url.to_owned(),
    }
}

fn row(line: &Line) -> Vec<String> {
    let state = match line.state {
        "ready" => style("ready").green(),
        "down" => style("down").red(),
        other => style(other).yellow(),
    };
    let version = line.version.clone().unwrap_or_default();
    vec![style(line.name).bold().to_string(), state.to_string(), version, line.address.clone()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_not_shown() {
        assert_eq!(without_credentials("amqp://u:p@host:5672/%2f"), "amqp://host:5672/%2f");
        assert_eq!(without_credentials("http://host:9000"), "http://host:9000");
    }
}
