//! Which crate may depend on which: services on libraries, libraries on contracts, contracts on the domain; and
//! the crates that alone may know a broker, a database, an object store or a tensor library.

use crate::{cargo, paths::Paths};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::path::Path;

/// External crates (by prefix) and the folders whose crates alone may depend on them.
const WALLS: &[(&str, &[&str])] = &[
    ("lapin", &["libs/conveyor", "tests"]),
    ("sqlx", &["libs/store"]),
    ("aws-", &["libs/blobs"]),
    ("s3s", &["libs/blobs"]),
    ("tch", &["libs/engine", "training"]),
    ("torch-sys", &["libs/engine", "training"]),
];

/// A crate of the workspace.
#[derive(Debug, Clone)]
struct Member {
    name: String,
    /// Folder relative to the root, as `libs/domain`.
    folder: String,
    dependencies: Vec<Dependency>,
}

#[derive(Debug, Clone)]
struct Dependency {
    name: String,
    /// For tests only.
    dev: bool,
}

/// Reads `cargo metadata` and fails with one line for each dependency that points the wrong way.
pub(crate) fn check(paths: &Paths) -> Result<()> {
    let mut metadata = cargo::command(paths);
    metadata.args(["metadata", "--no-deps", "--format-version", "1"]);
    let output = metadata.output().context("cannot run cargo metadata")?;
    if !output.status.success() {
        bail!("cargo metadata failed:\n{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let members = members(&serde_json::from_slice(&output.stdout)?, &paths.root)?;
    let broken = violations(&members);
    if broken.is_empty() { Ok(()) } else { bail!("\n  {}", broken.join("\n  ")) }
}

fn members(metadata: &Value, root: &Path) -> Result<Vec<Member>> {
    let packages = metadata["packages"].as_array().context("cargo metadata lists no packages")?;
    let read = |package: &Value| {
        let manifest = Path::new(package["manifest_path"].as_str()?);
        let folder = manifest.parent()?.strip_prefix(root).ok()?.to_str()?.replace('\\', "/");
        let dependencies = package["dependencies"].as_array()?.iter().filter_map(|dependency| {
            Some(Dependency { name: dependency["name"].as_str()?.to_owned(), dev: dependency["kind"] == "dev" })
        });
        let dependencies = dependencies.collect();
        Some(Member { name: package["name"].as_str()?.to_owned(), folder, dependencies })
    };
    packages.iter().map(|package| read(package).context("cargo metadata is not as expected")).collect()
}

/// How far up a crate stands; a dependency never points upwards.
fn height(folder: &str) -> u8 {
    match folder {
        "libs/domain" => 0,
        "libs/messages" | "libs/renderer" => 1,
        "libs/testkit" => 3,
        _ if folder.starts_with("libs/") => 2,
        "services/cavendish" => 5,
        _ if folder.starts_with("services/") => 4,
        _ => 6,
    }
}

/// Every dependency that breaks a rule, as a sentence.
fn violations(members: &[Member]) -> Vec<String> {
    let check = |member: &Member, dependency: &Dependency| {
        let internal = members.iter().find(|other| other.name == dependency.name);
        let complaint = match internal {
            Some(other) => wrong_way(member, other, dependency.dev),
            None => through_a_wall(member, &dependency.name),
        };
        complaint.map(|why| format!("{} must not depend on {}: {why}", member.name, dependency.name))
    };
    let of = |member: &Member| -> Vec<String> {
        member.dependencies.iter().filter_map(|dependency| check(member, dependency)).collect()
    };
    members.iter().flat_map(of).collect()
}

fn wrong_way(from: &Member, to: &Member, dev: bool) -> Option<&'static str> {
    // A crate that names itself switches a feature on for its own tests.
    if from.name == to.name {
        return None;
    }
    let (high, low) = (height(&from.folder), height(&to.folder));
    if from.folder == "xtask" {
        return Some("xtask is built before anything else");
    }
    if to.folder == "libs/testkit" {
        return (!dev && from.folder != "tests").then_some("the testkit is for tests");
    }
    if low >= 4 && high < 5 {
        return Some("only `cavendish` and the end-to-end tests put services together");
    }
    // Libraries of the middle layer may use one another; cargo itself forbids circles.
    let sideways = high == low && high == 2;
    (low >= high && !sideways).then_some("it points from a lower layer to a higher one, or sideways")
}

fn through_a_wall(from: &Member, name: &str) -> Option<&'static str> {
    let is = |prefix: &str| {
        name == prefix || name.starts_with(&format!("{prefix}-")) || (prefix.ends_with('-') && name.starts_with(prefix))
    };
    let (_, allowed) = WALLS.iter().find(|(prefix, _)| is(prefix))?;
    (!allowed.contains(&from.folder.as_str())).then_some("that crate stays behind the wall of another library")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(folder: &str, dependencies: &[(&str, bool)]) -> Member {
        let name = folder.rsplit('/').next().unwrap_or(folder).to_owned();
        let dependency = |(name, dev): &(&str, bool)| Dependency { name: (*name).to_owned(), dev: *dev };
        Member { name, folder: folder.to_owned(), dependencies: dependencies.iter().map(dependency).collect() }
    }

    fn workspace(more: Member) -> Vec<Member> {
        let rest = [
            "libs/domain",
            "libs/messages",
            "libs/renderer",
            "libs/store",
            "libs/conveyor",
            "libs/testkit",
            "services/ingest",
            "services/render",
        ];
        let others = rest.iter().filter(|folder| **folder != more.folder).map(|folder| member(folder, &[]));
        others.chain([more.clone()]).collect()
    }

    #[test]
    fn what_points_down_is_allowed() {
        let allowed = [
            member("services/ingest", &[("conveyor", false), ("domain", false), ("testkit", true)]),
            member("libs/conveyor", &[("store", false), ("messages", false), ("lapin", false), ("testkit", true)]),
            member("libs/messages", &[("domain", false)]),
            member("services/cavendish", &[("ingest", false), ("render", false)]),
            member("tests", &[("ingest", true), ("testkit", false)]),
            member("libs/engine", &[("tch", false), ("renderer", false)]),
            member("training", &[("tch", false)]),
            member("libs/blobs", &[("aws-sdk-s3", false), ("s3s-fs", false)]),
        ];
        for member in allowed {
            assert_eq!(violations(&workspace(member.clone())), Vec::<String>::new(), "{member:?}");
        }
    }

    #[test]
    fn what_points_up_sideways_or_through_a_wall_is_not() {
        let forbidden = [
            member("services/ingest", &[("render", false)]),
            member("services/ingest", &[("render", true)]),
            member("libs/domain", &[("messages", false)]),
            member("libs/messages", &[("renderer", false)]),
            member("libs/renderer", &[("store", true)]),
            member("libs/store", &[("ingest", false)]),
            member("libs/store", &[("testkit", false)]),
            member("services/render", &[("lapin", false)]),
            member("services/render", &[("tch", false)]),
            member("services/render", &[("aws-config", false)]),
            member("libs/conveyor", &[("sqlx", true)]),
            member("xtask", &[("domain", false)]),
        ];
        for member in forbidden {
            assert_eq!(violations(&workspace(member.clone())).len(), 1, "{member:?}");
        }
    }

    #[test]
    fn a_name_that_only_begins_alike_is_no_wall() {
        let member = member("services/ingest", &[("tchotchke", false), ("sqlxx", false)]);
        assert!(violations(&workspace(member)).is_empty());
    }

    #[test]
    fn this_workspace_keeps_the_rules() {
        check(&Paths::discover().unwrap()).unwrap();
    }

    #[test]
    fn members_are_read_from_metadata() {
        let metadata = serde_json::json!({ "packages": [{
            "name": "cavendish-store", "manifest_path": "/r/libs/store/Cargo.toml",
            "dependencies": [{ "name": "sqlx", "kind": null }, { "name": "testkit", "kind": "dev" }],
        }]});
        let members = members(&metadata, Path::new("/r")).unwrap();
        assert_eq!(members[0].folder, "libs/store");
        assert!(!members[0].dependencies[0].dev && members[0].dependencies[1].dev);
    }
}
