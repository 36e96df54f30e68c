//! Where the elements go: templates as data, each with arrangements for shapes of picture.

use crate::error::TypeError;
use crate::report::Element;
use serde::Deserialize;
use std::sync::LazyLock;

/// A box as shares of the safe area: left, top, right, bottom.
pub(crate) type Shares = [f32; 4];

/// A way to lay copy out, for one or more shapes of picture.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Template {
    /// Its name in briefs, kebab-case.
    pub(crate) name: String,
    /// Tried in this order; the first that takes the whole copy is used, or else the one that takes most of it.
    #[serde(rename = "arrangement")]
    pub(crate) arrangements: Vec<Arrangement>,
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

static BUILT_IN: LazyLock<Result<Vec<Template>, (&str, toml::de::Error)>> =
    LazyLock::new(|| FILES.iter().map(|(name, text)| toml::from_str(text).map_err(|error| (*name, error))).collect());

impl Template {
    /// The templates of this build.
    ///
    /// # Errors
    /// Never, once the tests have passed.
    pub(crate) fn built_in() -> Result<&'static [Self], TypeError> {
        match &*BUILT_IN {
            Ok(templates) => Ok(templates),
            Err((name, source)) => Err(TypeError::Template { name: (*name).into(), source: source.clone() }),
        }
    }

    /// The template of this name.
    ///
    /// # Errors
    /// [`TypeError::Field`] of `template`.
    pub(crate) fn named(name: &str) -> Result<&'static Self, TypeError> {
        let all = Self::built_in()?;
        all.iter().find(|template| template.name == name).ok_or_else(|| {
            let names: Vec<_> = all.iter().map(|template| template.name.as_str()).collect();
            TypeError::field("template", format!("`{name}` is none of {}", names.join(", ")))
        })
    }

    /// The arrangements for safe areas of this width over height.
    pub(crate) fn for_shape(&self, aspect: f32) -> impl Iterator<Item = &Arrangement> + Clone {
        self.arrangements.iter().filter(move |of| (of.aspect[0]..of.aspect[1]).contains(&aspect))
    }
}

impl Arrangement {
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
        for arrangement in all.iter().flat_map(|template| &template.arrangements) {
            for [left, top, right, bottom] in
                arrangement.slots.iter().map(|slot| slot.frame).chain([arrangement.subject])
            {
                assert!(0.0 <= left && left < right && right <= 1.0, "{left} to {right}");
                assert!(0.0 <= top && top < bottom && bottom <= 1.0, "{top} to {bottom}");
            }
        }
    }

    #[test]
    fn a_name_that_is_none_is_told_with_those_that_are() {
        assert_eq!(Template::named("story").unwrap().name, "story");
        let told = Template::named("stroy").unwrap_err().to_string();
        assert!(told.starts_with("template: `stroy` is none of headline-top, story"), "{told}");
    }
}
