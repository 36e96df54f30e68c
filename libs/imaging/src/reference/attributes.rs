//! What can be told of a subject without knowing what it is.

use super::Swatch;
use super::colour::oklab;
use serde::{Deserialize, Serialize};

/// Colours with less than this share are not named.
const NAMED_SHARE: f32 = 0.08;

/// What can be told of a subject.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attributes {
    /// Names of its main colours, the commonest first.
    pub colours: Vec<String>,
    /// Width over height.
    pub aspect: f32,
    /// `tall`, `square` or `wide`.
    pub form: String,
    /// Mean lightness as people see it, 0..1.
    pub brightness: f32,
    /// `dark`, `medium` or `light`.
    pub tone: String,
    /// `neutral`, `muted` or `vivid`.
    pub saturation: String,
}

/// Tells the attributes of a subject with this palette; `aspects` are widths over heights in its references.
#[must_use]
pub fn attributes(palette: &[Swatch], aspects: &[f32]) -> Attributes {
    let mut colours: Vec<String> = vec![];
    for swatch in palette.iter().filter(|swatch| swatch.share >= NAMED_SHARE) {
        if !colours.contains(&swatch.name) {
            colours.push(swatch.name.clone());
        }
    }
    let (mut light, mut chroma, mut whole) = (0.0, 0.0, 0.0);
    for swatch in palette {
        let [l, a, b] = oklab(rgb(&swatch.hex));
        light += swatch.share * l;
        chroma += swatch.share * (a * a + b * b).sqrt();
        whole += swatch.share;
    }
    let (light, chroma) = if whole > 0.0 { (light / whole, chroma / whole) } else { (0.0, 0.0) };
    let aspect = median(aspects);
    let word = |value: f32, low: f32, high: f32, words: [&str; 3]| {
        words[usize::from(value >= low) + usize::from(value >= high)].to_owned()
    };
    Attributes {
        colours,
        aspect: (aspect * 1e3).round() / 1e3,
        form: word(aspect, 0.8, 1.25, ["tall", "square", "wide"]),
        brightness: (light * 1e3).round() / 1e3,
        tone: word(light, 0.4, 0.75, ["dark", "medium", "light"]),
        saturation: word(chroma, 0.03, 0.1, ["neutral", "muted", "vivid"]),
    }
}

fn rgb(hex: &str) -> [u8; 3] {
    let value = u32::from_str_radix(hex.trim_start_matches('#'), 16).unwrap_or(0);
    [(value >> 16) as u8, (value >> 8) as u8, value as u8]
}

fn median(values: &[f32]) -> f32 {
    let mut values = values.to_vec();
    values.sort_by(f32::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn form_tone_and_colours_are_named() {
        let swatch = |hex: &str, name: &str, share| Swatch { hex: hex.into(), name: name.into(), share };
        let palette = [
            swatch("#c81e23", "red", 0.6),
            swatch("#d04045", "red", 0.2),
            swatch("#ffffff", "white", 0.15),
            swatch("#102080", "navy", 0.05),
        ];
        let told = attributes(&palette, &[0.4, 0.5, 2.0]);
        assert_eq!(told.colours, ["red", "white"]);
        assert_eq!((told.form.as_str(), told.tone.as_str(), told.saturation.as_str()), ("tall", "medium", "vivid"));
        assert_eq!(attributes(&[], &[]).form, "square");
    }
}
