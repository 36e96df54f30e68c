//! The prompts of what is round subjects: what a brief says, less the subjects themselves.

use crate::Brief;

/// What the prompt of a scene begins with: room is left for what will stand in it.
const EMPTY_SCENE: &str = "empty scene with free space in the middle";
/// What the prompt of a scene's continuation begins with: whatever stands in it stands in what there is already.
const CONTINUED_SCENE: &str = "the background continues to the edges of the picture, nothing else in it";
/// Words that say where something is; what follows the first of them is the scene.
const PLACES: [&str; 8] = ["on", "at", "against", "before", "near", "under", "inside", "amid"];
/// Words before a subject's name that go with it.
const ARTICLES: [&str; 6] = ["a", "an", "the", "our", "my", "this"];
/// Words that are left at the beginning when the subjects' names are gone.
const LINKS: [&str; 3] = ["and", "with", ","];

impl Brief {
    /// The prompt of what is round placed subjects: the brief's prompt without their names. `None` when nothing is left
    /// to describe a scene: they stand on their backdrop.
    #[must_use]
    pub fn scene(&self) -> Option<String> {
        if self.subjects.is_empty() {
            return None;
        }
        let left = self.unnamed().join(" ");
        left.contains(char::is_alphanumeric).then(|| format!("{EMPTY_SCENE}, {left}"))
    }

    /// The prompt's words without the names of its subjects.
    fn unnamed(&self) -> Vec<&str> {
        let names = self.subjects.iter().filter_map(|subject| subject.name.as_deref());
        let names: Vec<Vec<String>> = names.map(words).filter(|name| !name.is_empty()).collect();
        let mut left: Vec<&str> = vec![];
        let tokens: Vec<&str> = self.prompt.split_whitespace().collect();
        let mut at = 0;
        while at < tokens.len() {
            match names.iter().map(|name| named(&tokens[at..], name)).max().unwrap_or_default() {
                0 => left.push(tokens[at]),
                length => {
                    while left.last().is_some_and(|word| ARTICLES.contains(&bare(word).as_str())) {
                        left.pop();
                    }
                    at += length - 1;
                }
            }
            at += 1;
        }
        while left.first().is_some_and(|word| LINKS.contains(&bare(word).as_str())) {
            left.remove(0);
        }
        left
    }

    /// The prompt of what lies beyond the edges of its images: where its subjects are, without them, so that none is drawn
    /// twice. What stands before the first word of place is taken for subjects; a prompt that begins with one says nothing of
    /// where they begin, so nothing of it is taken.
    #[must_use]
    pub fn continued_scene(&self) -> String {
        let words = self.unnamed();
        let place = words.iter().position(|word| PLACES.contains(&bare(word).as_str()));
        match place {
            Some(at) if at > 0 || !self.subjects.is_empty() => {
                format!("{CONTINUED_SCENE}: {}", words[at..].join(" "))
            }
            _ => CONTINUED_SCENE.into(),
        }
    }
}

/// How many of `tokens` are `name`.
fn named(tokens: &[&str], name: &[String]) -> usize {
    let found = tokens.len() >= name.len() && tokens.iter().zip(name).all(|(token, word)| bare(token) == *word);
    if found { name.len() } else { 0 }
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(bare).filter(|word| !word.is_empty()).collect()
}

/// A word without case and punctuation; punctuation alone stays.
fn bare(word: &str) -> String {
    let plain = word.trim_matches(|c: char| !c.is_alphanumeric());
    if plain.is_empty() { word.to_owned() } else { plain.to_lowercase() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A brief with subjects of these names.
    fn brief(prompt: &str, names: &[&str]) -> Brief {
        let subjects: Vec<_> = names.iter().map(|name| json!({"name": name, "references": [{"blob": "k"}]})).collect();
        serde_json::from_value(json!({"prompt": prompt, "subjects": subjects, "deliverables": ["x"]})).unwrap()
    }

    #[test]
    fn a_scene_is_the_prompt_without_its_subjects() {
        let scene = |prompt: &str, names: &[&str]| brief(prompt, names).scene();
        let empty = |rest: &str| Some(format!("{EMPTY_SCENE}, {rest}"));
        assert_eq!(scene("The Coffee Cup on a wooden table", &["coffee cup"]), empty("on a wooden table"));
        assert_eq!(scene("a mug, and a pot on linen", &["mug", "pot"]), empty("on linen"));
        assert_eq!(scene("on marble, soft light", &["mug"]), empty("on marble, soft light"));
        assert_eq!(scene("a coffee cup.", &["coffee cup"]), None);
        assert_eq!(scene("", &["mug"]), None);
        assert_eq!(scene("a mug", &[]), None, "without subjects there is nothing to leave out");
    }

    #[test]
    fn a_scene_goes_on_without_what_stands_in_it() {
        let named = |prompt: &str, names: &[&str]| {
            let told = brief(prompt, names).continued_scene();
            told.strip_prefix(CONTINUED_SCENE).unwrap().to_owned()
        };
        let continued = |prompt: &str| named(prompt, &[]);
        assert_eq!(continued("two red mugs On wet asphalt, at night"), ": On wet asphalt, at night");
        assert_eq!(continued("On an oak table, a red mug"), "", "who knows where the mug begins");
        assert_eq!(named("On an oak table, a red mug", &["red mug"]), ": On an oak table,");
        assert_eq!(named("our mug on oak beside the mug", &["mug"]), ": on oak beside");
        assert_eq!(continued("sneakers by Nike on asphalt"), ": on asphalt");
        assert_eq!(continued("a mug"), "");
        assert_eq!(continued(""), "");
    }
}
