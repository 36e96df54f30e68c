//! Where the elements go: layout templates as data, each with arrangements for shapes of picture.

use crate::error::TypeError;
use crate::report::Element;
use serde::Deserialize;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::LazyLock;

/// A box as shares of the safe area: left, top, right, bottom.
pub(crate) type Shares = [f32; 4];

/// A way to lay copy out, for one or more shapes of picture.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// Its name in briefs, kebab-case.
    pub(crate) name: String,
    /// Tried in this order; the first that takes the whole copy is used, or else the one that takes most of it.
    #[serde(rename = "arrangement")]
    pub(crate) arrangements: Vec<Arrangement>,
    /// As it is written down.
    #[serde(skip)]
    text: String,
}

/// Where everything is in pictures of some shape.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Arrangement {
    /// Width over height of the safe areas that it is for: the least, and what it stays below.
    pub(crate) aspect: [f32; 2],
    /// The room that is left to the subject.
    pub(crate) subject: Shares,
    /// The room of each element.
    #[serde(rename = "slot")]
    pub(crate) slots: Vec<Slot>,
}

/// The room of an element.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Slot {
    /// Which element.
    pub(crate) element: Element,
    /// Where.
    #[serde(rename = "box")]
    pub(crate) frame: Shares,
    /// Least and greatest size of its type, as shares of the shorter side of the safe area. A logo has none.
    #[serde(default)]
    pub(crate) size: [f32; 2],
    /// Lines, at most.
    #[serde(default = "one")]
    pub(crate) lines: usize,
    /// Where it stands across its room.
    #[serde(default)]
    pub(crate) align: Align,
    /// Where it stands down its room.
    #[serde(default)]
    pub(crate) place: Place,
    /// Weight of its type, 100..=900.
    #[serde(default = "regular")]
    pub(crate) weight: u16,
    /// Whether it is set on a solid tag of the brand's accent.
    #[serde(default)]
    pub(crate) tag: bool,
}

fn one() -> usize {
    1
}

fn regular() -> u16 {
    400
}

/// What a weight can be.
const WEIGHTS: RangeInclusive<u16> = 100..=900;

impl Slot {
    fn check(&self) -> Result<(), String> {
        is_box("box", self.frame)?;
        let [least, most] = self.size;
        if self.element != Element::Logo && !(0.0 < least && least <= most && most <= 1.0) {
            return Err(format!("size: [{least}, {most}] is no range of shares of the shorter side"));
        }
        if self.lines == 0 {
            return Err("lines: must be at least 1".into());
        }
        if !WEIGHTS.contains(&self.weight) {
            return Err(format!("weight: {} is not between 100 and 900", self.weight));
        }
        Ok(())
    }
}

fn is_box(field: &str, [left, top, right, bottom]: Shares) -> Result<(), String> {
    let good = 0.0 <= left && left < right && right <= 1.0 && 0.0 <= top && top < bottom && bottom <= 1.0;
    let told = || format!("{field}: [{left}, {top}, {right}, {bottom}] is no box: left, top, right, bottom in 0..1");
    good.then_some(()).ok_or_else(told)
}

/// Across: the start is where the language begins to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Align {
    /// At the start.
    #[default]
    Start,
    /// In the middle.
    Centre,
    /// At the end.
    End,
}

/// Down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Place {
    /// At the top.
    Top,
    /// In the middle.
    #[default]
    Middle,
    /// At the bottom.
    Bottom,
}

/// The templates of this build; those that lay out a brief which names none come first.
const FILES: [(&str, &str); 4] = [
    ("headline-top", include_str!("../templates/headline-top.toml")),
    ("story", include_str!("../templates/story.toml")),
    ("banner", include_str!("../templates/banner.toml")),
    ("price-tag", include_str!("../templates/price-tag.toml")),
];

static BUILT_IN: LazyLock<Result<Vec<Template>, TypeError>> =
    LazyLock::new(|| FILES.iter().map(|(name, text)| Template::read(name, text)).collect());

impl Template {
    /// The templates of this build.
    ///
    /// # Errors
    /// Never, once the tests have passed.
    pub(crate) fn built_in() -> Result<&'static [Self], TypeError> {
        match &*BUILT_IN {
            Ok(templates) => Ok(templates),
            Err(error) => Err(TypeError::field("template", error.to_string())),
        }
    }

    /// The template in a file.
    ///
    /// # Errors
    /// [`TypeError::Template`] where the file cannot be read or is none.
    pub fn load(path: &Path) -> Result<Self, TypeError> {
        let file = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Self::read(&file, &text),
            Err(error) => Err(TypeError::Template { file, reason: format!("cannot be read: {error}") }),
        }
    }

    fn read(file: &str, text: &str) -> Result<Self, TypeError> {
        let fault = |reason| TypeError::Template { file: file.into(), reason };
        let read: Self = toml::from_str(text).map_err(|error| fault(error.to_string().trim_end().to_owned()))?;
        read.check().map_err(fault)?;
        Ok(Self { text: text.into(), ..read })
    }

    /// Its name in briefs.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// As it is written down, TOML.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The same under another name.
    ///
    /// # Errors
    /// [`TypeError::Template`] for what can be no name.
    pub fn renamed(&self, name: &str) -> Result<Self, TypeError> {
        let at = self.text.lines().position(|line| line.starts_with("name"));
        let line = |(i, line): (usize, &str)| match Some(i) == at {
            true => format!("name = \"{name}\"\n"),
            false => format!("{line}\n"),
        };
        Self::read(name, &self.text.lines().enumerate().map(line).collect::<String>())
    }

    /// The shapes of safe area that it is for, width over height: each from the first up to the second.
    pub fn shapes(&self) -> impl Iterator<Item = [f32; 2]> {
        self.arrangements.iter().map(|arrangement| arrangement.aspect)
    }

    /// Whether it is for safe areas of this width over height.
    #[must_use]
    pub fn is_for(&self, aspect: f32) -> bool {
        self.for_shape(aspect).next().is_some()
    }

    /// What contradicts itself, with its field.
    fn check(&self) -> Result<(), String> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !(1..=64).contains(&self.name.len()) || !self.name.bytes().all(plain) {
            return Err(format!("name: `{}` is not 1 to 64 small letters, digits and hyphens", self.name));
        }
        if self.arrangements.is_empty() {
            return Err("arrangement: there is none".into());
        }
        let told = |(at, arrangement): (usize, &Arrangement)| {
            arrangement.check().map_err(|reason| format!("arrangement[{at}].{reason}"))
        };
        self.arrangements.iter().enumerate().try_for_each(told)
    }

    /// The arrangements for safe areas of this width over height.
    pub(crate) fn for_shape(&self, aspect: f32) -> impl Iterator<Item = &Arrangement> + Clone {
        self.arrangements.iter().filter(move |of| (of.aspect[0]..of.aspect[1]).contains(&aspect))
    }
}

impl Arrangement {
    fn check(&self) -> Result<(), String> {
        let [least, below] = self.aspect;
        if !(0.0 <= least && least < below) {
            return Err(format!("aspect: [{least}, {below}] is no range of width over height"));
        }
        is_box("subject", self.subject)?;
        for (at, slot) in self.slots.iter().enumerate() {
            slot.check().map_err(|reason| format!("slot[{at}].{reason}"))?;
            if self.slots[..at].iter().any(|other| other.element == slot.element) {
                return Err(format!("slot[{at}].element: its element has a slot already"));
            }
        }
        Ok(())
    }

    /// The same for a language that reads from right to left.
    #[must_use]
    pub(crate) fn mirrored(&self) -> Self {
        let flip = |[left, top, right, bottom]: Shares| [1.0 - right, top, 1.0 - left, bottom];
        let slots = self.slots.iter().map(|slot| Slot { frame: flip(slot.frame), ..slot.clone() }).collect();
        Self { subject: flip(self.subject), slots, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_has_a_template_and_every_box_is_a_box() {
        let all = Template::built_in().unwrap();
        assert!(all.iter().zip(FILES).all(|(template, (name, _))| template.name == name));
        for aspect in [0.05, 0.27, 0.5, 0.75, 1.0, 1.5, 1.91, 2.5, 4.0, 5.0, 8.1, 40.0] {
            assert!(all.iter().any(|template| template.for_shape(aspect).next().is_some()), "{aspect}");
        }
    }

    #[test]
    fn a_template_that_contradicts_itself_is_refused_with_the_field() {
        let told = |change: &str, into: &str| {
            let text = FILES[1].1.replacen(change, into, 1);
            assert_ne!(text, FILES[1].1, "{change}");
            Template::read("mine.toml", &text).unwrap_err().to_string()
        };
        for (change, into, expected) in [
            ("\"story\"", "\"My story\"", "mine.toml: name: `My story` is not 1 to 64 small letters"),
            ("[0.4, 0.75]", "[0.75, 0.4]", "mine.toml: arrangement[0].aspect: [0.75, 0.4] is no range"),
            (
                "[0.06, 0.335, 0.94",
                "[0.06, 0.335, 1.94",
                "mine.toml: arrangement[0].subject: [0.06, 0.335, 1.94, 0.755] is",
            ),
            ("[0.3, 0.015, 0.7", "[0.7, 0.015, 0.7", "mine.toml: arrangement[0].slot[0].box"),
            ("[0.05, 0.125]", "[0.2, 0.125]", "mine.toml: arrangement[0].slot[1].size: [0.2, 0.125] is no range"),
            ("lines = 4", "lines = 0", "mine.toml: arrangement[0].slot[1].lines"),
            ("weight = 700", "weight = 70", "mine.toml: arrangement[0].slot[1].weight"),
            ("\"body\"", "\"headline\"", "mine.toml: arrangement[0].slot[2].element: its element has a slot already"),
            ("subject", "object", "mine.toml: "),
        ] {
            let told = told(change, into);
            assert!(told.starts_with(expected), "{told}");
        }
    }
}
