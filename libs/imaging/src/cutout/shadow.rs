//! Shadow or subject: what is only darker than a plain backdrop may be either. Shadows are soft; a grey thing has an outline.

use image::RgbImage;

use super::mask::Mask;

/// How steep the light is, levels over two pixels, at an outline; and how much steeper noise makes it.
const STEEP: f32 = 8.0;
const STEEPER: f32 = 3.0;
/// How thick it is at least what an outline keeps apart from the backdrop, as a share of the subject's height: the dark line
/// under a thing that stands is thinner.
const THICK: f32 = 0.015;

/// What lies at a pixel, for who walks from the rim of the picture.
#[derive(Clone, Copy, PartialEq)]
enum Ground {
    /// Subject, or an outline.
    Wall,
    /// Shadow, or subject.
    Dim,
    Backdrop,
}

/// Puts back into a mask what was `excused` as a shadow, but has an outline: no way leads to it from the backdrop over
/// light that changes softly.
pub(super) fn take_back(image: &RgbImage, mask: &mut Mask, excused: &[usize], noise: f32, height: f32) {
    let (w, h) = (mask.width, mask.height);
    let mut ground: Vec<Ground> = mask.on.iter().map(|on| if *on { Ground::Wall } else { Ground::Backdrop }).collect();
    let steep = STEEP + STEEPER * noise;
    for i in excused {
        ground[*i] = if steepness(image, *i) > steep { Ground::Wall } else { Ground::Dim };
    }
    // From the rim: what is as light as the backdrop within a thing is its own light.
    let rim = (0..w).flat_map(|x| [x, (h - 1) * w + x]).chain((0..h).flat_map(|y| [y * w, y * w + w - 1]));
    let mut way: Vec<usize> = rim.filter(|i| ground[*i] != Ground::Wall).collect();
    let mut reached = vec![false; w * h];
    while let Some(i) = way.pop() {
        if std::mem::replace(&mut reached[i], true) {
            continue;
        }
        let (x, y) = (i % w, i / w);
        let sides = [(x > 0, i.wrapping_sub(1)), (x + 1 < w, i + 1), (y > 0, i.wrapping_sub(w)), (y + 1 < h, i + w)];
        let beside = sides.into_iter().filter(|(there, _)| *there).map(|(_, at)| at);
        // Out of a shadow no way leads on to backdrop that was not reached from the rim.
        let on = |at: usize| match ground[at] {
            Ground::Wall => false,
            Ground::Dim => true,
            Ground::Backdrop => ground[i] == Ground::Backdrop,
        };
        way.extend(beside.filter(|at| !reached[*at] && on(*at)));
    }
    let mut apart = Mask::new(w, h, vec![false; w * h]);
    excused.iter().filter(|i| !reached[**i]).for_each(|i| apart.on[*i] = true);
    if apart.area() > 0 {
        let thick = apart.opened((height * THICK).max(2.0));
        mask.on.iter_mut().zip(&thick.on).for_each(|(on, thick)| *on |= thick);
    }
}

/// How much the light changes over two pixels, the larger of across and down.
fn steepness(image: &RgbImage, i: usize) -> f32 {
    let (w, h) = image.dimensions();
    let (x, y) = (i as u32 % w, i as u32 / w);
    let light = |x: u32, y: u32| {
        let [r, g, b] = image.get_pixel(x.min(w - 1), y.min(h - 1)).0.map(f32::from);
        0.3 * r + 0.6 * g + 0.1 * b
    };
    let across = light(x + 1, y) - light(x.saturating_sub(1), y);
    let down = light(x, y + 1) - light(x, y.saturating_sub(1));
    across.abs().max(down.abs())
}

#[cfg(test)]
mod tests {
    use super::super::plain;
    use super::*;
    use crate::background::PlainBackground;
    use image::Rgb;

    #[test]
    fn a_grey_thing_on_white_is_whole_and_its_shadow_is_not_part_of_it() {
        // A grey box from 60 to 140, and under it a shadow that fades out.
        let image = RgbImage::from_fn(200, 240, |x, y| {
            let inside = (60..140).contains(&x) && (60..180).contains(&y);
            let away = (x as f32 - 100.0).hypot((y as f32 - 184.0) * 2.0);
            let shade = 30.0 * (1.0 - away / 70.0).clamp(0.0, 1.0);
            Rgb([if inside { 190 } else { 255 - shade as u8 }; 3])
        });
        let mask = plain::mask(&image, &PlainBackground::fit(&image));
        let on = |x: usize, y: usize| mask.on[y * 200 + x];
        assert!(on(70, 170) && on(100, 120) && on(130, 176), "the box is whole down to its foot");
        assert!(!on(100, 205) && !on(150, 190) && !on(50, 190), "the shadow stays behind");
    }
}
