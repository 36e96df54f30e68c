//! The checks of facts against a spec.

mod file;
mod frame;
mod looks;

use serde::{Deserialize, Serialize};

use crate::facts::Facts;
use crate::spec::Spec;

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The rule holds.
    Passed,
    /// The rule does not hold; the file is not compliant.
    Failed,
    /// The rule exists, but what it asks cannot be told from the facts; a person has to look.
    NotMachineChecked,
    /// The spec has no such rule.
    NotApplicable,
}

/// One rule of a spec and what was measured for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Kebab-case name: `size`, `ratio`, `bytes`, `format`, `background`, `fill`, `safe-zone`, `colour`, `bit-depth`,
    /// `resolution`, `bleed`, `marking`, `no-text`, `no-logo`, `no-border`, `no-watermark`.
    pub name: String,
    /// The rule in words.
    pub rule: String,
    /// What was measured, in words.
    pub measured: String,
    /// How it ended.
    pub outcome: Outcome,
}

impl Check {
    /// A rule that was measured.
    fn judged(name: &str, rule: impl Into<String>, measured: impl Into<String>, passed: bool) -> Self {
        Self::ended(name, rule, measured, if passed { Outcome::Passed } else { Outcome::Failed })
    }

    /// No rule, and what was measured all the same.
    fn free(name: &str, rule: impl Into<String>, measured: impl Into<String>) -> Self {
        Self::ended(name, rule, measured, Outcome::NotApplicable)
    }

    /// A rule that no machine can decide here.
    fn open(name: &str, rule: impl Into<String>, measured: impl Into<String>) -> Self {
        Self::ended(name, rule, measured, Outcome::NotMachineChecked)
    }

    fn ended(name: &str, rule: impl Into<String>, measured: impl Into<String>, outcome: Outcome) -> Self {
        Self { name: name.into(), rule: rule.into(), measured: measured.into(), outcome }
    }
}

/// All checks of one file against one spec.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The spec's id.
    pub spec: String,
    /// Version of the catalogue file that the spec is from.
    #[serde(default)]
    pub version: u32,
    /// Whether no check failed.
    pub compliant: bool,
    /// The checks.
    pub checks: Vec<Check>,
}

impl Report {
    /// The checks that failed.
    pub fn failures(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| check.outcome == Outcome::Failed)
    }

    /// The check of this name.
    pub fn check(&self, name: &str) -> Option<&Check> {
        self.checks.iter().find(|check| check.name == name)
    }
}

impl Spec {
    /// Compares a finished file's facts with every rule of this spec.
    pub fn check(&self, facts: &Facts) -> Report {
        let mut checks = vec![
            frame::size(self, facts),
            frame::ratio(self, facts),
            file::bytes(self, facts),
            file::format(self, facts),
            looks::background(self, facts),
            frame::fill(self, facts),
            frame::safe_zone(self, facts),
            file::colour(self, facts),
            file::bit_depth(self, facts),
            file::resolution(self, facts),
            file::bleed(self, facts),
            file::marking(self, facts),
        ];
        checks.extend(self.forbids.iter().map(|what| looks::forbidden(self, *what, facts)));
        let compliant = checks.iter().all(|check| check.outcome != Outcome::Failed);
        Report { spec: self.id.clone(), version: self.version, compliant, checks }
    }
}
