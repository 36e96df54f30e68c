//! The private servers of a checkout: RabbitMQ, PostgreSQL and the embedded S3 server.

mod connections;
mod ports;
mod postgres;
mod rabbitmq;
mod report;
mod s3;
mod server;

pub(crate) use report::print_status;

use crate::{
    paths::{Paths, hex, random_hex, write_atomic},
    process,
    say::{self, Board},
};
use anyhow::{Context, Result, bail};
use connections::{Connections, Foreign};
use ports::Ports;
use server::Server;
use sha2::{Digest, Sha256};
use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    thread,
    time::Duration,
};

/// The servers of one checkout, with the ports they use.
pub(crate) struct Stack {
    paths: Paths,
    foreign: Foreign,
    ports: Ports,
    /// False when the ports had to be picked because none, or nonsense, was remembered.
    remembered: bool,
    seed: u64,
    id: String,
    /// Held while the stack is changed, so that two commands at once do not start everything twice.
    lock: fs::File,
}

impl Stack {
    /// Reads what is remembered of the stack, or begins a new one. Starts nothing.
    pub(crate) fn open(paths: &Paths) -> Result<Self> {
        let folder = paths.stack();
        fs::create_dir_all(&folder)?;
        let digest = hex(&Sha256::digest(folder.as_os_str().as_encoded_bytes()));
        let id = digest.chars().take(12).collect::<String>();
        let seed = u64::from_str_radix(&id, 16)?;
        let lock = fs::File::create(folder.join("lock"))?;
        let (ports, remembered) = match Ports::load(&folder.join("state.json")) {
            Some(ports) => (ports, true),
            None => (Ports::pick(seed)?, false),
        };
        Ok(Self { paths: paths.clone(), foreign: Foreign::from_env(), ports, remembered, seed, id, lock })
    }

    fn rabbitmq(&self) -> rabbitmq::RabbitMq {
        rabbitmq::RabbitMq::new(&self.paths.stack(), &self.id, &self.ports)
    }

    fn postgres(&self) -> postgres::Postgres {
        postgres::Postgres::new(&self.paths.stack(), &self.ports)
    }

    fn s3(&self) -> s3::S3 {
        s3::S3::new(&self.paths, &self.ports)
    }

    fn servers(&self) -> Vec<Box<dyn Server>> {
        vec![Box::new(self.rabbitmq()), Box::new(self.postgres()), Box::new(self.s3())]
    }

    /// The servers that are ours to start, that is, not given by the environment.
    fn ours(&self) -> Vec<Box<dyn Server>> {
        self.servers().into_iter().filter(|server| self.foreign.of(server.name()).is_none()).collect()
    }

    fn hold(&self) -> Result<()> {
        if self.lock.try_lock().is_err() {
            say::note("another `cargo xtask` is at work on the servers, waiting for it");
            self.lock.lock().context("cannot lock the stack folder")?;
        }
        Ok(())
    }

    /// Whether all servers of ours run and answer.
    pub(crate) fn is_up(&self) -> bool {
        self.remembered
            && self.paths.env_file().exists()
            && self
                .ours()
                .iter()
                .all(|server| !server.find().is_empty() && !server.is_outdated() && server.answer().is_some())
    }

    /// Starts what does not run, waits until all answer, and writes the configuration file.
    pub(crate) fn up(&mut self) -> Result<()> {
        self.hold()?;
        // Another command may have started the stack while we waited.
        if let Some(ports) = Ports::load(&self.paths.stack().join("state.json")) {
            (self.ports, self.remembered) = (ports, true);
        }
        if !self.is_up() {
            self.start_all()?;
        }
        let (rabbit, postgres, s3) = (self.rabbitmq(), self.postgres(), self.s3());
        let connections = Connections::gather(&self.foreign, &rabbit, &postgres, &s3, &self.paths)?;
        connections.write(&self.paths.env_file())?;
        self.lock.unlock()?;
        Ok(())
    }

    fn start_all(&mut self) -> Result<()> {
        self.settle_ports()?;
        let board = Board::default();
        let servers = self.ours();
        let failures: Vec<String> = thread::scope(|scope| {
            let starts: Vec<_> = servers.iter().map(|server| scope.spawn(|| start(server.as_ref(), &board))).collect();
            starts.into_iter().filter_map(|start| start.join().unwrap_or_else(|_| Some("panicked".into()))).collect()
        });
        if !failures.is_empty() {
            bail!("{}", failures.join("\n\n"));
        }
        Ok(())
    }

    /// Keeps the remembered ports of servers that run and of those whose ports are free, renews the others.
    fn settle_ports(&mut self) -> Result<()> {
        for server in self.ours() {
            if !self.remembered {
                // Its ports are forgotten, so it could not be talked to: it is replaced.
                server::stop(server.as_ref(), false)?;
            }
            if server.find().is_empty() {
                let epmd = self.our_epmd();
                self.ports.renew(server.ports(), self.seed, |port| ports::is_free(port) || epmd == Some(port))?;
            }
        }
        self.remembered = true;
        self.ports.save(&self.paths.stack().join("state.json"))
    }

    /// A port mapper left over from a broker that died is replaced when the broker starts, not avoided.
    fn our_epmd(&self) -> Option<u16> {
        let port = self.ports.of("epmd");
        let found = process::find(&format!("epmd-{}", self.id), &format!("-port {port}"));
        (!found.is_empty()).then_some(port)
    }

    /// Stops all servers of ours. Says whether there was one to stop.
    pub(crate) fn down(&self) -> Result<bool> {
        self.hold()?;
        let board = Board::default();
        let servers: Vec<_> = self.servers().into_iter().filter(|server| !server.find().is_empty()).collect();
        let results: Vec<Result<()>> = thread::scope(|scope| {
            let stops: Vec<_> = servers.iter().map(|server| scope.spawn(|| halt(server.as_ref(), &board))).collect();
            stops.into_iter().filter_map(|stop| stop.join().ok()).collect()
        });
        results.into_iter().collect::<Result<()>>()?;
        self.lock.unlock()?;
        Ok(!servers.is_empty())
    }

    /// Stops one server (with SIGKILL when `kill`) and starts it again on the same ports.
    pub(crate) fn restart(&mut self, name: &str, kill: bool) -> Result<()> {
        self.hold()?;
        let servers = self.ours();
        let server = servers.iter().find(|server| server.name() == name);
        let server = server.with_context(|| format!("{name} is not a server of this stack"))?;
        server::stop(server.as_ref(), kill)?;
        let failure = start(server.as_ref(), &Board::default());
        self.lock.unlock()?;
        failure.map_or(Ok(()), |failure| bail!(failure))
    }
}

/// Brings one server up with a line of progress; returns what went wrong.
fn start(server: &dyn Server, board: &Board) -> Option<String> {
    let step = board.step(server.name());
    match server::ensure_up(server, &step) {
        Ok(version) => {
            step.done(&version);
            None
        }
        Err(error) => {
            step.failed("");
            Some(format!("{error:#}"))
        }
    }
}

fn halt(server: &dyn Server, board: &Board) -> Result<()> {
    let step = board.step(server.name());
    step.note("stopping");
    let result = server::stop(server, false);
    match &result {
        Ok(()) => step.done("stopped"),
        Err(_) => step.failed(""),
    }
    result
}

/// A random secret kept in `file`, made on first use.
fn secret(file: &Path) -> Result<String> {
    let known = fs::read_to_string(file).unwrap_or_default();
    if known.trim().len() >= 16 {
        return Ok(known.trim().to_owned());
    }
    let made = random_hex(16)?;
    write_atomic(file, made.as_bytes(), 0o600)?;
    Ok(made)
}

/// Whether something on the loopback port answers an HTTP request, whatever the answer.
fn speaks_http(port: u16) -> bool {
    let ask = || -> std::io::Result<bool> {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut start = [0; 5];
        stream.read_exact(&mut start)?;
        Ok(&start == b"HTTP/")
    };
    ask().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_made_once_and_remembered() {
        let file = std::env::temp_dir().join(format!("xtask-secret-{}", std::process::id()));
        let first = secret(&file).unwrap();
        assert_eq!(secret(&file).unwrap(), first);
        fs::write(&file, "x").unwrap();
        assert_ne!(secret(&file).unwrap(), "x", "a damaged secret is replaced");
        fs::remove_file(file).unwrap();
    }
}
