//! The ports of the private servers: picked once, remembered, and picked anew when somebody else took one.

use crate::paths::write_atomic;
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fs, net::TcpListener, path::Path};

/// Below the range from which Linux takes the ports of outgoing connections, above the well-known ones.
const RANGE: std::ops::Range<u16> = 20_100..32_000;

/// Every port that the stack may use.
pub(crate) const NAMES: [&str; 7] = ["amqp", "dist", "epmd", "management", "prometheus", "postgres", "s3"];

/// Port numbers by name, as kept in `state.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ports {
    ports: BTreeMap<String, u16>,
}

impl Ports {
    /// Reads the remembered ports. `None` when there are none, or the file is damaged or incomplete.
    pub(crate) fn load(file: &Path) -> Option<Self> {
        let ports: Self = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
        let sound = NAMES.iter().all(|name| ports.ports.get(*name).is_some_and(|port| RANGE.contains(port)));
        sound.then_some(ports)
    }

    /// Picks all ports; `seed` spreads several checkouts over the range.
    pub(crate) fn pick(seed: u64) -> Result<Self> {
        let mut ports = Self { ports: BTreeMap::new() };
        ports.renew(&NAMES, seed, |_| false)?;
        Ok(ports)
    }

    /// The port called `name`.
    pub(crate) fn of(&self, name: &str) -> u16 {
        self.ports.get(name).copied().unwrap_or_default()
    }

    /// Gives each of `names` a new port unless `keep` likes the one it has.
    pub(crate) fn renew(&mut self, names: &[&str], seed: u64, keep: impl Fn(u16) -> bool) -> Result<()> {
        for name in names {
            if self.ports.get(*name).is_some_and(|port| keep(*port)) {
                continue;
            }
            let size = u64::from(RANGE.end - RANGE.start);
            let candidate = |step: u64| RANGE.start + u16::try_from((seed + step) % size).unwrap_or_default();
            let unused = |port: &u16| !self.ports.values().any(|taken| taken == port) && is_free(*port);
            let Some(port) = (0..size).map(candidate).find(unused) else { bail!("no free port in {RANGE:?}") };
            self.ports.insert((*name).to_owned(), port);
        }
        Ok(())
    }

    /// Remembers the ports.
    pub(crate) fn save(&self, file: &Path) -> Result<()> {
        write_atomic(file, &serde_json::to_vec_pretty(self)?, 0o644).context("cannot remember the ports")
    }
}

/// Whether nobody listens on the loopback port.
pub(crate) fn is_free(port: u16) -> bool {
    TcpListener::bind(("127.0.0.1", port)).is_ok() && TcpListener::bind(("0.0.0.0", port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_distinct_and_survive_a_round_trip() {
        let file = std::env::temp_dir().join(format!("xtask-ports-{}.json", std::process::id()));
        let ports = Ports::pick(77).unwrap();
        let distinct: std::collections::BTreeSet<u16> = NAMES.iter().map(|name| ports.of(name)).collect();
        assert_eq!(distinct.len(), NAMES.len());
        ports.save(&file).unwrap();
        assert_eq!(Ports::load(&file), Some(ports));
        fs::remove_file(file).unwrap();
    }

    #[test]
    fn a_damaged_or_incomplete_file_counts_as_none() {
        let file = std::env::temp_dir().join(format!("xtask-damaged-{}.json", std::process::id()));
        for text in ["", "{", "{\"ports\":{\"amqp\":20500}}", "{\"ports\":{\"amqp\":22}}"] {
            fs::write(&file, text).unwrap();
            assert_eq!(Ports::load(&file), None, "{text}");
        }
        fs::remove_file(file).unwrap();
    }

    #[test]
    fn only_a_taken_port_is_picked_anew() {
        let mut ports = Ports::pick(500).unwrap();
        let before = ports.clone();
        let taken = ports.of("s3");
        ports.renew(&["s3", "amqp"], 900, |port| port != taken).unwrap();
        assert_ne!(ports.of("s3"), taken);
        assert_eq!(ports.of("amqp"), before.of("amqp"));
    }

    #[test]
    fn a_port_in_use_is_not_free() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        assert!(!is_free(listener.local_addr().unwrap().port()));
    }
}
