//! What the process uses, from `/proc`. Nothing elsewhere than on Linux.

use metrics::{describe_gauge, gauge};
use std::fs;

/// `USER_HZ`: the unit of times in `/proc/*/stat`, fixed in the Linux ABI.
const TICKS_PER_SECOND: f64 = 100.0;

/// Brings the process's gauges up to date; called for each scrape.
pub(crate) fn record() {
    if let Some(bytes) = resident_bytes() {
        gauge!("process_resident_memory_bytes").set(bytes);
    }
    if let Some(seconds) = cpu_seconds() {
        gauge!("process_cpu_seconds_total").set(seconds);
    }
    if let Ok(entries) = fs::read_dir("/proc/self/fd") {
        // One of them is the listing itself.
        gauge!("process_open_fds").set(entries.count().saturating_sub(1) as f64);
    }
}

pub(crate) fn describe() {
    describe_gauge!("process_resident_memory_bytes", "Memory of the process that is in RAM, bytes");
    describe_gauge!("process_cpu_seconds_total", "Processor time used by the process, user and system, seconds");
    describe_gauge!("process_open_fds", "Open file descriptors of the process");
}

fn resident_bytes() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024.0)
}

fn cpu_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name in parentheses may contain anything; user and system time are the 12th and 13th field behind it.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let (user, system): (f64, f64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some((user + system) / TICKS_PER_SECOND)
}
