//! A RabbitMQ node of this checkout's own: its name, ports, cookie, data, plugins and port mapper.

use super::{ports::Ports, server::Server};
use crate::{
    paths::{random_hex, write_atomic},
    process::{self, Running},
    say::Step,
    setup::servers,
};
use anyhow::{Context, Result};
use rustix::process::Signal;
use std::{
    env, fs,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    os::unix::fs::symlink,
    path::PathBuf,
    process::{Child, Command},
    time::Duration,
};

const PLUGINS: &str = "[rabbitmq_management,rabbitmq_prometheus].\n";

/// The node.
pub(crate) struct RabbitMq {
    home: PathBuf,
    log: PathBuf,
    /// Tells this checkout's node from any other on the machine.
    id: String,
    ports: Ports,
}

impl RabbitMq {
    /// The node that lives in `<stack>/rabbitmq`.
    pub(crate) fn new(stack: &std::path::Path, id: &str, ports: &Ports) -> Self {
        let log = stack.join("rabbitmq.log");
        Self { home: stack.join("rabbitmq"), log, id: id.to_owned(), ports: ports.clone() }
    }

    /// Where programs connect; makes the password if there is none yet.
    pub(crate) fn url(&self) -> Result<String> {
        Ok(format!("amqp://cavendish:{}@127.0.0.1:{}/%2f", self.password()?, self.ports.of("amqp")))
    }

    /// The management API and pages.
    pub(crate) fn management_url(&self) -> Result<String> {
        Ok(format!("http://cavendish:{}@127.0.0.1:{}", self.password()?, self.ports.of("management")))
    }

    fn password(&self) -> Result<String> {
        super::secret(&self.home.join("password"))
    }

    fn marker(&self) -> String {
        format!("-cavendish {}", self.id)
    }

    fn configuration(&self) -> Result<String> {
        let port = |name| self.ports.of(name);
        Ok([
            format!("listeners.tcp.1 = 127.0.0.1:{}", port("amqp")),
            "management.tcp.ip = 127.0.0.1".to_owned(),
            format!("management.tcp.port = {}", port("management")),
            "prometheus.tcp.ip = 127.0.0.1".to_owned(),
            format!("prometheus.tcp.port = {}", port("prometheus")),
            "default_user = cavendish".to_owned(),
            format!("default_pass = {}", self.password()?),
            // Probes of readiness would fill the log: each counts as a connection that broke off.
            "log.connection.level = error".to_owned(),
            "disk_free_limit.absolute = 100MB".to_owned(),
            // 512 MB by default, kept in memory: out of proportion on a developer's machine.
            "raft.wal_max_size_bytes = 64000000".to_owned(),
            String::new(),
        ]
        .join("\n"))
    }

    /// Writes configuration, plugin list and cookie.
    fn prepare(&self) -> Result<()> {
        fs::create_dir_all(&self.home)?;
        // A first boot that was cut short leaves a database without our user: begin it again.
        if !self.home.join("settled").exists() {
            let _ = fs::remove_dir_all(self.home.join("data"));
        }
        for folder in ["data", "generated", "schema"] {
            fs::create_dir_all(self.home.join(folder))?;
        }
        write_atomic(&self.home.join("rabbitmq.conf"), self.configuration()?.as_bytes(), 0o600)?;
        write_atomic(&self.home.join("enabled_plugins"), PLUGINS.as_bytes(), 0o644)?;
        write_atomic(&self.home.join("environment.conf"), b"", 0o644)?;
        let cookie = self.home.join(".erlang.cookie");
        if fs::read(&cookie).map_or(0, |bytes| bytes.len()) < 20 {
            write_atomic(&cookie, random_hex(20)?.as_bytes(), 0o400)?;
        }
        Ok(())
    }

    fn epmd_name(&self) -> String {
        format!("epmd-{}", self.id)
    }

    fn find_epmd(&self) -> Vec<Running> {
        process::find(&self.epmd_name(), "-port")
    }

    /// A port mapper of our own, so that other Erlang programs and ours never meet. It is started under a name
    /// that only this checkout uses, to be found again.
    fn start_epmd(&self) -> Result<()> {
        process::stop(|| self.find_epmd(), Signal::TERM, Duration::from_secs(2))?;
        let program = self.home.join(self.epmd_name());
        let _ = fs::remove_file(&program);
        symlink(servers::epmd()?, &program)?;
        let port = self.ports.of("epmd");
        let mut command = Command::new(&program);
        command.args(["-port", &port.to_string(), "-address", "127.0.0.1"]);
        process::spawn_detached(&command, &self.home.join("epmd.log"))?;
        if !process::wait_until(Duration::from_secs(10), || connect(port).is_some()) {
            anyhow::bail!("the Erlang port mapper does not answer on port {port}");
        }
        Ok(())
    }

    fn command(&self, server: PathBuf) -> Command {
        let mut command = Command::new(server);
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("RABBITMQ_") || text.starts_with("ERL_") {
                command.env_remove(&name);
            }
        }
        let home = |name: &str| self.home.join(name);
        command
            .current_dir(&self.home)
            .env("HOME", &self.home)
            .env("RABBITMQ_NODENAME", format!("cavendish-{}@localhost", self.id))
            .env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1")
            .env("RABBITMQ_NODE_PORT", self.ports.of("amqp").to_string())
            .env("RABBITMQ_DIST_PORT", self.ports.of("dist").to_string())
            .env("ERL_EPMD_PORT", self.ports.of("epmd").to_string())
            .env("ERL_EPMD_ADDRESS", "127.0.0.1")
            .env("RABBITMQ_BASE", &self.home)
            .env("RABBITMQ_MNESIA_BASE", home("data"))
            .env("RABBITMQ_MNESIA_DIR", home("data/node"))
            .env("RABBITMQ_PLUGINS_EXPAND_DIR", home("data/plugins"))
            .env("RABBITMQ_FEATURE_FLAGS_FILE", home("data/feature_flags"))
            .env("RABBITMQ_QUORUM_DIR", home("data/node/quorum"))
            .env("RABBITMQ_PID_FILE", home("data/pid"))
            .env("RABBITMQ_GENERATED_CONFIG_DIR", home("generated"))
            .env("RABBITMQ_SCHEMA_DIR", home("schema"))
            .env("RABBITMQ_LOG_BASE", &self.home)
            .env("RABBITMQ_LOGS", "-")
            .env("RABBITMQ_CONFIG_FILE", home("rabbitmq.conf"))
            .env("RABBITMQ_ADVANCED_CONFIG_FILE", home("advanced.config"))
            .env("RABBITMQ_CONF_ENV_FILE", home("environment.conf"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", home("enabled_plugins"))
            .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", self.erlang_arguments());
        command
    }

    /// The distribution listens on loopback only; `-cavendish` means nothing to Erlang and all to [`process::find`].
    fn erlang_arguments(&self) -> String {
        format!("-kernel inet_dist_use_interface {{127,0,0,1}} {}", self.marker())
    }
}

impl Server for RabbitMq {
    fn name(&self) -> &'static str {
        "rabbitmq"
    }

    fn ports(&self) -> &'static [&'static str] {
        &["amqp", "dist", "epmd", "management", "prometheus"]
    }

    fn find(&self) -> Vec<Running> {
        process::find("beam.smp", &self.marker())
    }

    fn answer(&self) -> Option<String> {
        let version = broker_version(self.ports.of("amqp"))?;
        super::speaks_http(self.ports.of("management")).then_some(version)
    }

    fn log(&self) -> PathBuf {
        self.log.clone()
    }

    fn launch(&self, _step: &Step) -> Result<Child> {
        let server = servers::rabbitmq_server().context("RabbitMQ is not installed: `cargo xtask setup` says how")?;
        self.prepare()?;
        self.start_epmd()?;
        process::spawn_detached(&self.command(server), &self.log)
    }

    fn settled(&self) -> Result<()> {
        write_atomic(&self.home.join("settled"), b"", 0o644)
    }

    fn stopped(&self) -> Result<()> {
        process::stop(|| self.find_epmd(), Signal::TERM, Duration::from_secs(2))
    }
}

fn connect(port: u16) -> Option<TcpStream> {
    let stream = TcpStream::connect_timeout(&SocketAddr::from(([127, 0, 0, 1], port)), Duration::from_secs(1)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
    Some(stream)
}

/// Greets an AMQP 0-9-1 broker and reads the version out of its `connection.start`.
pub(crate) fn broker_version(port: u16) -> Option<String> {
    let mut stream = connect(port)?;
    stream.write_all(b"AMQP\0\0\x09\x01").ok()?;
    let mut header = [0; 7];
    stream.read_exact(&mut header).ok()?;
    let size = u32::from_be_bytes([header[3], header[4], header[5], header[6]]);
    let mut frame = vec![0; usize::try_from(size.min(64 * 1024)).ok()?];
    stream.read_exact(&mut frame).ok()?;
    version_in(&frame)
}

/// The field `version` (a long string) of the server properties.
fn version_in(frame: &[u8]) -> Option<String> {
    let key = b"\x07versionS";
    let at = frame.windows(key.len()).position(|window| window == key)? + key.len();
    let size: [u8; 4] = frame.get(at..at + 4)?.try_into().ok()?;
    let text = frame.get(at + 4..at + 4 + usize::try_from(u32::from_be_bytes(size)).ok()?)?;
    String::from_utf8(text.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_from_the_server_properties() {
        let frame = b"\x00\x0a\x00\x0a\x00\x09\x00\x00\x00\x20\x07versionS\x00\x00\x00\x063.10.8\x08platformS";
        assert_eq!(version_in(frame).as_deref(), Some("3.10.8"));
        assert_eq!(version_in(b"\x07versionS\x00\x00\x00\xff3"), None);
        assert_eq!(version_in(b""), None);
    }
}
