use anyhow::{Context, Result, ensure};
use cavendish_testkit::TestWorld;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// A service of the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// HTTP.
    Gateway,
    /// Plans.
    Ingest,
    /// Draws.
    Render,
    /// Finishes.
    Postprocess,
}

impl Service {
    /// The three stages.
    pub const STAGES: [Self; 3] = [Self::Ingest, Self::Render, Self::Postprocess];

    fn binary(self) -> &'static str {
        match self {
            Self::Gateway => "cavendish-gateway",
            Self::Ingest => "cavendish-ingest",
            Self::Render => "cavendish-render",
            Self::Postprocess => "cavendish-postprocess",
        }
    }
}

/// Configuration of the services of a fleet, as environment variables.
#[derive(Debug, Clone)]
pub struct Settings(Vec<(String, String)>);

impl Settings {
    /// The servers of `world`, the fake renderer, short leases and pauses.
    #[must_use]
    pub fn of(world: &TestWorld) -> Self {
        let blobs = &world.blobs_config;
        let mut settings = Self(vec![]);
        settings.set("CAVENDISH_STACK", "");
        settings.set("CAVENDISH_DATABASE_URL", &world.database_url);
        settings.set("CAVENDISH_AMQP_URL", &world.amqp_url);
        settings.set("CAVENDISH_S3_ENDPOINT", blobs.endpoint.as_deref().unwrap_or_default());
        settings.set("CAVENDISH_S3_REGION", &blobs.region);
        settings.set("CAVENDISH_S3_BUCKET", &blobs.bucket);
        settings.set("CAVENDISH_S3_ACCESS_KEY_ID", &blobs.access_key_id);
        settings.set("CAVENDISH_S3_SECRET_ACCESS_KEY", &blobs.secret_access_key);
        settings.set("CAVENDISH_DATABASE__MAX_CONNECTIONS", "4");
        settings.set("CAVENDISH_RENDERER__KIND", "fake");
        settings.set("CAVENDISH_LOG_FORMAT", "pretty");
        for stage in ["INGEST", "PROFILE", "RENDER", "POSTPROCESS"] {
            settings.set(&format!("CAVENDISH_{stage}__LEASE_MS"), "1500");
            settings.set(&format!("CAVENDISH_{stage}__BACKOFF_MS"), "50");
        }
        settings
    }

    /// Sets a variable.
    pub fn set(&mut self, name: &str, value: &str) -> &mut Self {
        self.0.retain(|(known, _)| known != name);
        self.0.push((name.into(), value.into()));
        self
    }
}

/// The services of one world. All are killed when this is dropped.
#[derive(Debug)]
pub struct Fleet {
    /// What newly started services are configured with.
    pub settings: Settings,
    folder: PathBuf,
    log: PathBuf,
}

/// A running service; killed when dropped.
#[derive(Debug)]
pub struct Process {
    /// Which one it is.
    pub service: Service,
    child: Child,
}

impl Fleet {
    /// A fleet over `world`, nothing started yet.
    ///
    /// # Errors
    /// When the services are not built.
    pub fn new(world: &TestWorld) -> Result<Self> {
        let exe = std::env::current_exe()?;
        // target/debug/deps/e2e-… or target/debug/bench-…
        let folder = exe.ancestors().skip(1).find(|folder| folder.join(Service::Render.binary()).exists());
        let folder = folder.context("the services are not built: run `cargo build --workspace --bins`")?.to_owned();
        let log = std::env::temp_dir().join(format!("cavendish-{}.log", world.vhost.name()));
        Ok(Self { settings: Settings::of(world), folder, log })
    }

    /// Starts a service.
    ///
    /// # Errors
    /// When its process cannot be started.
    pub fn start(&self, service: Service) -> Result<Process> {
        let log = std::fs::File::options().create(true).append(true).open(&self.log)?;
        let child = Command::new(self.folder.join(service.binary()))
            .envs(self.settings.0.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start {}", service.binary()))?;
        Ok(Process { service, child })
    }

    /// Starts the three stages.
    ///
    /// # Errors
    /// When one of them cannot be started.
    pub fn start_stages(&self) -> Result<Vec<Process>> {
        Service::STAGES.into_iter().map(|service| self.start(service)).collect()
    }

    /// What the services have said so far.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the services' log: {}", self.log.display());
        } else {
            let _ = std::fs::remove_file(&self.log);
        }
    }
}

impl Process {
    /// Ends it as a crash would: SIGKILL.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub fn kill(&mut self) -> Result<()> {
        let _ = self.child.kill();
        self.child.wait()?;
        Ok(())
    }

    /// Sends a signal by name, for example `TERM`, `STOP`, `CONT`.
    ///
    /// # Errors
    /// When the process is gone.
    pub fn signal(&self, name: &str) -> Result<()> {
        let status = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status()?;
        ensure!(status.success(), "no process to send SIG{name} to");
        Ok(())
    }

    /// Whether it has ended, and how: the exit code.
    ///
    /// # Errors
    /// When its state cannot be read.
    pub fn exit_code(&mut self) -> Result<Option<i32>> {
        Ok(self.child.try_wait()?.map(|status| status.code().unwrap_or(-1)))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}
