use cavendish_specs::PixelBox;
use serde::{Deserialize, Serialize};

/// A part of the copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Element {
    /// The brand's logo.
    Logo,
    /// What is read first.
    Headline,
    /// What is read next.
    Body,
    /// The price.
    Price,
    /// The call to action.
    Cta,
    /// The legal line.
    Legal,
}

/// What became of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fit {
    /// It is in the picture.
    Set,
    /// There was no room for it beside the subject in type that can be read: it was left out.
    DidNotFit,
}

/// One element in the picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ElementReport {
    /// Which.
    pub element: Element,
    /// Whether it is there.
    pub fit: Fit,
    /// What is painted of it, panels left out, in pixels.
    #[serde(default, rename = "box", skip_serializing_if = "Option::is_none")]
    pub bounds: Option<PixelBox>,
    /// Size of its type (the em), in pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_px: Option<f32>,
    /// How many lines it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<usize>,
    /// Its colour, `#rrggbb`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub colour: Option<String>,
    /// WCAG contrast with the worst pixel behind any of its glyphs, 1..=21.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contrast: Option<f32>,
    /// The contrast that WCAG AA asks of type of its size: 4.5, or 3 of large type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required: Option<f32>,
    /// Opacity of the panel that was laid behind it for contrast, 0..1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scrim: Option<f32>,
}

impl ElementReport {
    pub(crate) fn left_out(element: Element) -> Self {
        let (bounds, size_px, lines, colour) = (None, None, None, None);
        let (contrast, required, scrim) = (None, None, None);
        Self { element, fit: Fit::DidNotFit, bounds, size_px, lines, colour, contrast, required, scrim }
    }
}

/// What was set onto a picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TypeReport {
    /// The template that was laid out.
    pub template: String,
    /// Which of its arrangements for this shape, from 1; None where nothing was set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrangement: Option<usize>,
    /// The locale, BCP 47.
    pub locale: String,
    /// Every element of the copy.
    pub elements: Vec<ElementReport>,
}

impl TypeReport {
    /// The element's part.
    #[must_use]
    pub fn element(&self, element: Element) -> Option<&ElementReport> {
        self.elements.iter().find(|report| report.element == element)
    }
}
