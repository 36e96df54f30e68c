use super::RemoteFile;
use anyhow::bail;
use std::path::{Component, Path};

/// What the engine and its tokenizer read.
const TAKEN: [&str; 5] = ["safetensors", "json", "txt", "model", "jinja"];
/// Formats that can run code when they are read.
const PICKLES: [&str; 8] = ["bin", "pt", "pth", "ckpt", "pkl", "pickle", "joblib", "msgpack"];

/// Which files of a repository are fetched, and why the others are not.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    /// To be fetched.
    pub(crate) taken: Vec<RemoteFile>,
    /// Names left out, with the reason.
    pub(crate) left_out: Vec<(String, &'static str)>,
}

/// Sorts the files of a repository. `include` are patterns; without any, everything the engine reads is taken.
///
/// Fails for a repository with a name that points out of its folder: such a repository is not to be trusted at all.
pub(crate) fn select(files: Vec<RemoteFile>, include: &[String]) -> anyhow::Result<Selection> {
    if let Some(file) = files.iter().find(|file| !is_inside(&file.name)) {
        bail!("the repository holds a file with the unsafe name {:?}; nothing was fetched", file.name);
    }
    let has_folders = files.iter().any(|file| file.name == "model_index.json");
    let mut selection = Selection::default();
    for file in files {
        match reason_against(&file.name, include, has_folders) {
            Some(reason) => selection.left_out.push((file.name, reason)),
            None => selection.taken.push(file),
        }
    }
    Ok(selection)
}

fn reason_against(name: &str, include: &[String], has_folders: bool) -> Option<&'static str> {
    let extension = Path::new(name).extension().and_then(|e| e.to_str()).unwrap_or_default().to_lowercase();
    let included = include.iter().any(|pattern| fits(pattern, name));
    match extension.as_str() {
        pickle if PICKLES.contains(&pickle) => Some("pickles and their like are never taken"),
        other if !TAKEN.contains(&other) => Some("not needed"),
        _ if !include.is_empty() => (!included).then_some("not included"),
        // Published pipelines often carry their transformer once more as one file.
        "safetensors" if has_folders && !name.contains('/') => {
            Some("the same weights are in the folders; --include takes it")
        }
        _ => None,
    }
}

/// Whether a name stays inside the folder it is put in, on any system.
fn is_inside(name: &str) -> bool {
    let plain = |part: Component<'_>| matches!(part, Component::Normal(_));
    !name.is_empty() && !name.contains(['\\', ':', '\0']) && Path::new(name).components().all(plain)
}

/// Whether `name` fits a pattern in which `*` is any text, slashes included, and `?` any one character.
fn fits(pattern: &str, name: &str) -> bool {
    let mut rest = pattern.chars();
    match rest.next() {
        None => name.is_empty(),
        Some('*') => {
            name.char_indices().map(|(at, _)| at).chain([name.len()]).any(|at| fits(rest.as_str(), &name[at..]))
        }
        Some(wanted) => {
            let mut name = name.chars();
            name.next().is_some_and(|c| wanted == '?' || c == wanted) && fits(rest.as_str(), name.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(names: &[&str]) -> Vec<RemoteFile> {
        let file = |name: &&str| RemoteFile { name: (*name).into(), size: 1, blob: "b".into(), lfs: None };
        names.iter().map(file).collect()
    }

    fn taken(names: &[&str], include: &[&str]) -> Vec<String> {
        let include: Vec<String> = include.iter().map(ToString::to_string).collect();
        select(files(names), &include).unwrap().taken.into_iter().map(|file| file.name).collect()
    }

    #[test]
    fn pickles_and_doubles_stay_where_they_are() {
        let names = ["model_index.json", "all.safetensors", "vae/a.safetensors", "vae/b.bin", "x.PT", "README.md"];
        assert_eq!(taken(&names, &[]), ["model_index.json", "vae/a.safetensors"]);
        assert_eq!(taken(&names[1..], &[]), ["all.safetensors", "vae/a.safetensors"]);
        assert_eq!(taken(&names, &["*"]), ["model_index.json", "all.safetensors", "vae/a.safetensors"]);
        assert_eq!(taken(&names, &["vae/*", "*.md"]), ["vae/a.safetensors"]);
    }

    #[test]
    fn names_that_lead_out_are_refused() {
        for name in ["../a.json", "a/../../b.json", "/etc/a.json", "a\\b.json", "C:a.json", "", "./a.json"] {
            assert!(select(files(&["fine.json", name]), &[]).is_err(), "{name}");
        }
    }

    #[test]
    fn patterns() {
        for (pattern, name) in [("*", ""), ("a/*.json", "a/b/c.json"), ("?b*", "äbc"), ("**x", "x")] {
            assert!(fits(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("a/*.json", "b/a/c.json"), ("?", ""), ("a", "ab")] {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
    }
}
