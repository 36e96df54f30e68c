//! What a brand asks of the type that is set for it.

use crate::faults::Faults;
use crate::{AdCopy, FieldError};
use serde::{Deserialize, Serialize};

/// Text colours, and forbidden words, of a brand, at most.
const MAX_ENTRIES: usize = 200;

/// The brand of a brief: written out, or the name of a kit of the installation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum BrandChoice {
    /// The name of a kit: `<brands_dir>/<name>.toml` of postprocess.
    Kit(String),
    /// Written out in the brief.
    Inline(Box<Brand>),
}

/// Colours, fonts and words of a brand.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Brand {
    /// Colours of text, `#rrggbb`, the favourite first. Black and white stand in where none can be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub text_colours: Vec<String>,
    /// Colour of buttons and price tags, `#rrggbb`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accent: Option<String>,
    /// Family of headlines, prices and buttons, among the installed fonts or the kit's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headline_font: Option<String>,
    /// Family of everything else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_font: Option<String>,
    /// How the brand speaks, for whoever writes its copy; type is set the same without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tone: Option<String>,
    /// Words that its copy must not have, whatever their case.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub forbidden_words: Vec<String>,
}

impl Brand {
    /// Every text of `copy` that has a forbidden word. What is left to the locale counts as its plain digits.
    #[must_use]
    pub fn objections(&self, copy: &AdCopy) -> Vec<FieldError> {
        let mut found = vec![];
        for (field, text) in copy.plain_texts() {
            let text = text.to_lowercase();
            let words = self.forbidden_words.iter().filter(|word| has_word(&text, &word.trim().to_lowercase()));
            found.extend(words.map(|word| FieldError {
                field: format!("copy.{field}"),
                reason: format!("has `{word}`, which the brand forbids"),
            }));
        }
        found
    }

    /// What is wrong with its colours and lists.
    #[must_use]
    pub fn faults(&self) -> Vec<FieldError> {
        let mut faults = Faults::default();
        for (index, colour) in self.text_colours.iter().enumerate() {
            check_colour(colour, &format!("brand.text_colours[{index}]"), &mut faults);
        }
        if let Some(colour) = &self.accent {
            check_colour(colour, "brand.accent", &mut faults);
        }
        faults.within("brand.text_colours", self.text_colours.len(), 0, MAX_ENTRIES);
        faults.within("brand.forbidden_words", self.forbidden_words.len(), 0, MAX_ENTRIES);
        faults.into_result().err().map_or_else(Vec::new, |invalid| invalid.errors)
    }
}

impl BrandChoice {
    /// Whether this can be the name of a kit: no path leads out of the folder of kits.
    #[must_use]
    pub fn is_kit_name(name: &str) -> bool {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        (1..=64).contains(&name.len()) && name.bytes().all(plain)
    }

    pub(crate) fn validate(&self, copy: Option<&AdCopy>, faults: &mut Faults) {
        match self {
            Self::Kit(name) => {
                faults.check(Self::is_kit_name(name), "brand", || {
                    "is no name of a kit: 1 to 64 letters, digits, - and _".into()
                });
            }
            Self::Inline(brand) => {
                let objections = copy.map_or_else(Vec::new, |copy| brand.objections(copy));
                brand.faults().into_iter().chain(objections).for_each(|error| faults.add(error.field, error.reason));
            }
        }
    }
}

fn check_colour(colour: &str, field: &str, faults: &mut Faults) {
    let hex = colour.strip_prefix('#').is_some_and(|hex| hex.len() == 6 && hex.bytes().all(|b| b.is_ascii_hexdigit()));
    faults.check(hex, field, || format!("`{colour}` is not #rrggbb"));
}

/// Whether `text` has `word` as a word. Scripts that write without spaces have it wherever it stands.
fn has_word(text: &str, word: &str) -> bool {
    // Latin, Greek, Cyrillic and Armenian come before the scripts of the right and of the south.
    let joins = |a: Option<char>, b: Option<char>| {
        let spaced = |c: char| c.is_alphanumeric() && c < '\u{590}';
        a.is_some_and(spaced) && b.is_some_and(spaced)
    };
    let (first, last) = (word.chars().next(), word.chars().next_back());
    first.is_some()
        && text.match_indices(word).any(|(at, _)| {
            let (before, after) = (text[..at].chars().next_back(), text[at + word.len()..].chars().next());
            !joins(before, first) && !joins(last, after)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brand(words: &[&str]) -> Brand {
        Brand { forbidden_words: words.iter().map(ToString::to_string).collect(), ..Brand::default() }
    }

    #[test]
    fn forbidden_words_are_named_with_their_field() {
        let copy = AdCopy { headline: Some("Cheap!".into()), cta: Some("最便宜了".into()), ..AdCopy::default() };
        let found = brand(&["cheap", "便宜", "heap"]).objections(&copy);
        let told: Vec<_> = found.iter().map(|error| (error.field.as_str(), error.reason.as_str())).collect();
        assert_eq!(
            told,
            [
                ("copy.headline", "has `cheap`, which the brand forbids"),
                ("copy.cta", "has `便宜`, which the brand forbids")
            ]
        );
        assert!(brand(&["", " "]).objections(&copy).is_empty());
        let left = AdCopy { legal: Some("{number:50}% off until {date:2026-12-24}{{".into()), ..AdCopy::default() };
        let found = brand(&["number", "date", "{{", "50%"]).objections(&left);
        assert_eq!(found.len(), 1, "{found:?}");
    }

    #[test]
    fn colours_are_hexadecimal_and_kits_have_plain_names() {
        let odd = Brand { accent: Some("red".into()), text_colours: vec!["#00ff0".into()], ..Brand::default() };
        let fields: Vec<_> = odd.faults().into_iter().map(|error| error.field).collect();
        assert_eq!(fields, ["brand.text_colours[0]", "brand.accent"]);
        for (name, good) in [("acme_2", true), ("../acme", false), ("", false)] {
            let mut faults = Faults::default();
            BrandChoice::Kit(name.into()).validate(None, &mut faults);
            assert_eq!(faults.into_result().is_ok(), good, "{name}");
        }
    }
}
