//! In which colours type can be read.

use crate::contrast::{Colour, Extremes, INK, PAPER, blend, luminance, parse, ratio};
use cavendish_domain::Brand;
use cavendish_specs::PixelBox;
use image::RgbImage;

/// Opacities of panels, the least first: black or white type can be read on the last whatever is behind it.
const VEILS: [f32; 6] = [0.25, 0.35, 0.45, 0.55, 0.65, 0.75];

/// Where a panel is laid it gives more contrast than is asked: what needs one is in a busy place.
const COMFORT: f32 = 1.3;

/// The colour of type in `boxes`, and the panel it needs there: its colour and opacity. Tried are what the picture has
/// already (`first`), the brand's colours, then black and white, the one that is read better before the other.
pub(crate) fn on_picture(
    brand: &Brand,
    image: &RgbImage,
    boxes: &[PixelBox],
    wanted: f32,
    first: Option<Colour>,
) -> (Colour, Option<(Colour, f32)>) {
    let Some(behind) = Extremes::of(image, boxes, None) else { return (first.unwrap_or(INK), None) };
    let own = own(brand);
    let colours: Vec<Colour> = first.into_iter().chain(own).chain(neutral(behind)).collect();
    if let Some(colour) = colours.iter().find(|colour| behind.contrast(**colour) >= wanted) {
        return (*colour, None);
    }
    for &colour in &colours {
        let panel = against(colour);
        for opacity in VEILS {
            let veiled = Extremes::of(image, boxes, Some((panel, opacity)));
            if veiled.is_some_and(|veiled| veiled.contrast(colour) >= wanted * COMFORT) {
                return (colour, Some((panel, opacity)));
            }
        }
    }
    (PAPER, Some((against(PAPER), 1.0)))
}

/// The colours of a tag and of the type on it: the brand's accent, as much darker or lighter as its type needs. Without an
/// accent, what stands out from `around`.
pub(crate) fn on_tag(brand: &Brand, around: Option<Extremes>, wanted: f32) -> (Colour, Colour) {
    let plain = around.map_or([INK, PAPER], neutral)[0];
    let accent = brand.accent.as_deref().and_then(parse).unwrap_or(plain);
    let colours: Vec<Colour> = own(brand).into_iter().chain([PAPER, INK]).collect();
    for opacity in [0.0].into_iter().chain(VEILS) {
        for &colour in &colours {
            let tag = blend(accent, against(colour), opacity);
            if ratio(luminance(colour), luminance(tag)) >= wanted {
                return (tag, colour);
            }
        }
    }
    (INK, PAPER)
}

fn own(brand: &Brand) -> Vec<Colour> {
    brand.text_colours.iter().filter_map(|colour| parse(colour)).collect()
}

/// Black and white, the better one first.
fn neutral(behind: Extremes) -> [Colour; 2] {
    if behind.contrast(INK) >= behind.contrast(PAPER) { [INK, PAPER] } else { [PAPER, INK] }
}

/// The panel for type of a colour: at this luminance black and white differ from it alike.
fn against(colour: Colour) -> Colour {
    if luminance(colour) > 0.179 { [0; 3] } else { [255; 3] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_brands_colour_comes_first_where_it_can_be_read() {
        let brand = Brand { text_colours: vec!["#b8321e".into()], ..Brand::default() };
        let boxes = [PixelBox { x: 0, y: 0, width: 4, height: 4 }];
        let on = |value| on_picture(&brand, &RgbImage::from_pixel(4, 4, image::Rgb([value; 3])), &boxes, 4.5, None);
        assert_eq!(on(255), ([0xb8, 0x32, 0x1e], None));
        assert_eq!(on(90), (PAPER, None));
    }

    #[test]
    fn an_accent_gives_way_until_its_type_can_be_read() {
        let brand = Brand { accent: Some("#888888".into()), ..Brand::default() };
        let (tag, colour) = on_tag(&brand, None, 4.5);
        assert!(ratio(luminance(tag), luminance(colour)) >= 4.5, "{tag:?} {colour:?}");
        let accent = Brand { accent: Some("#0a3d91".into()), ..Brand::default() };
        assert_eq!(on_tag(&accent, None, 4.5), ([0x0a, 0x3d, 0x91], PAPER));
    }
}
