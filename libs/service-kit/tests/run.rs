//! A process built with `run`: this test starts itself as one, and looks at it from outside.

#![allow(clippy::unwrap_used)]

use serde::Deserialize;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, Command, ExitCode, ExitStatus, Stdio};

const MODE: &str = "KIT_TEST_MODE";
const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn main() -> ExitCode {
    match std::env::var(MODE).as_deref() {
        Ok(mode) => service(mode.to_owned()),
        Err(_) => {
            a_service_reports_health_and_drains_on_sigterm();
            a_second_signal_does_not_wait();
            a_failure_is_told_with_its_causes();
            a_wrong_configuration_is_told_apart();
            println!("run: 4 passed");
            ExitCode::SUCCESS
        }
    }
}

#[derive(Deserialize)]
struct Options {
    greeting: String,
}

/// The service under test.
fn service(mode: String) -> ExitCode {
    cavendish_service_kit::run("cavendish-test", async |options: Options, kit| {
        if mode == "fail" {
            return Err(anyhow::anyhow!("the root").context("the middle").context("the top"));
        }
        let span = tracing::info_span!("work");
        cavendish_service_kit::trace::follow(&span, Some(TRACEPARENT));
        let passed_on = cavendish_service_kit::trace::traceparent_of(&span).unwrap_or_default();
        let broker = kit.readiness.check("broker");
        tracing::info!("not ready");
        // Ready once the parent process has looked, which it shows by closing our standard input.
        tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
        broker.passing();
        metrics::counter!("cavendish_test_total").increment(3);
        metrics::histogram!("cavendish_test_seconds").record(0.2);
        span.in_scope(|| tracing::info!(greeting = options.greeting, passed_on, "ready"));
        kit.shutdown.wait().await;
        if mode == "stuck" {
            std::future::pending::<()>().await;
        }
        tracing::info!("drained");
        Ok(())
    })
}

struct Process {
    child: Child,
    lines: BufReader<ChildStderr>,
}

impl Process {
    fn start(mode: &str) -> Self {
        Self::start_with(mode, &[("CAVENDISH_GREETING", "hello"), ("CAVENDISH_METRICS_LISTEN", "127.0.0.1:0")])
    }

    fn start_with(mode: &str, variables: &[(&str, &str)]) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.env(MODE, mode).env("CAVENDISH_LOG_FORMAT", "json").envs(variables.iter().copied());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap());
        Self { child, lines }
    }

    /// Reads log lines up to the one that says `message`.
    fn wait_for(&mut self, message: &str) -> serde_json::Value {
        let mut line = String::new();
        while self.lines.read_line(&mut line).unwrap() > 0 {
            let parsed: serde_json::Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}"));
            if parsed["message"].as_str().is_some_and(|said| said.starts_with(message)) {
                return parsed;
            }
            line.clear();
        }
        panic!("the process ended without saying `{message}`");
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    fn end(mut self) -> (ExitStatus, String) {
        let mut rest = String::new();
        self.lines.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap(), rest)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A failed check must not leave the process behind.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Status and body of `http://{address}{path}`.
fn get(address: &str, path: &str) -> (u16, String) {
    use std::io::Write;
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

fn a_service_reports_health_and_drains_on_sigterm() {
    let mut process = Process::start("drain");
    let address = process.wait_for("serving")["address"].as_str().unwrap().to_owned();
    let untraced = process.wait_for("not ready");
    assert!(untraced.get("trace_id").is_none(), "{untraced}");
    assert_eq!(untraced["service"], "cavendish-test");
    assert_eq!(get(&address, "/healthz").0, 200);
    let (status, reasons) = get(&address, "/readyz");
    assert_eq!(status, 503);
    assert!(reasons.contains(r#""broker":"starting""#), "{reasons}");

    drop(process.child.stdin.take());
    let ready = process.wait_for("ready");
    assert_eq!(ready["greeting"], "hello");
    assert_eq!(ready["trace_id"], &TRACEPARENT[3..35], "log lines carry the trace");
    let passed_on = ready["passed_on"].as_str().unwrap();
    assert_eq!(passed_on[..36], TRACEPARENT[..36], "the trace goes on");
    assert_ne!(passed_on[36..52], TRACEPARENT[36..52], "in a span of its own");
    assert_eq!(get(&address, "/readyz").0, 200);

    let (_, metrics) = get(&address, "/metrics");
    assert!(metrics.contains("cavendish_test_total 3"), "{metrics}");
    assert!(metrics.contains("cavendish_test_seconds_bucket{le=\"0.25\"} 1"), "{metrics}");
    assert!(metrics.contains("cavendish_test_seconds_bucket{le=\"0.1\"} 0"), "{metrics}");
    #[cfg(target_os = "linux")]
    for name in ["process_resident_memory_bytes ", "process_open_fds ", "process_cpu_seconds_total "] {
        let line = metrics.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{metrics}"));
        assert!(line.parse::<f64>().unwrap() >= 0.0);
    }

    process.signal("TERM");
    process.wait_for("drained");
    let (status, _) = process.end();
    assert_eq!(status.code(), Some(0));
}

fn a_second_signal_does_not_wait() {
    let mut process = Process::start("stuck");
    let address = process.wait_for("serving")["address"].as_str().unwrap().to_owned();
    drop(process.child.stdin.take());
    process.wait_for("ready");
    process.signal("INT");
    process.wait_for("draining");
    let (status, reasons) = get(&address, "/readyz");
    assert_eq!(status, 503, "a draining service takes no new work: {reasons}");
    process.signal("TERM");
    let (status, _) = process.end();
    assert_eq!(status.code(), Some(130));
}

fn a_failure_is_told_with_its_causes() {
    let (status, said) = Process::start("fail").end();
    assert_eq!(status.code(), Some(1));
    assert!(said.contains("the top: the middle: the root"), "{said}");
}

fn a_wrong_configuration_is_told_apart() {
    let (status, said) = Process::start_with("drain", &[]).end();
    assert_eq!(status.code(), Some(2));
    assert!(said.contains("`greeting`") && said.contains("CAVENDISH_GREETING"), "{said}");

    let broken = [("CAVENDISH_GREETING", "hello"), ("CAVENDISH_LOG", "a=b=c")];
    let (status, said) = Process::start_with("drain", &broken).end();
    assert_eq!(status.code(), Some(2));
    assert!(said.contains("telemetry.log") && said.contains("a=b=c"), "{said}");
}
