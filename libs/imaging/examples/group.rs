//! Sets a photographed product among others in a studio and in a scene: `group PHOTO OUT_DIR [LEFT,TOP,RIGHT,BOTTOM]`.

use std::path::PathBuf;

use anyhow::Context;
use cavendish_imaging::image::{Rgb, RgbImage, Rgba, RgbaImage};
use cavendish_imaging::{
    Backdrop, Cutout, CutoutHint, Edges, Ground, Limits, Method, Piece, PixelBox, Placement, compose_on, cutout, decode,
};

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(photo), Some(out)) = (arguments.next(), arguments.next()) else {
        anyhow::bail!("usage: group PHOTO OUT_DIR [LEFT,TOP,RIGHT,BOTTOM]");
    };
    let bounds = arguments.next().map(|words| bounds(&words.to_string_lossy())).transpose()?;
    std::fs::create_dir_all(&out)?;
    let picture = decode(&std::fs::read(&photo).with_context(|| photo.display().to_string())?, &Limits::default())?;
    let product = cutout(&picture, &CutoutHint { bounds, ..CutoutHint::default() })?;
    let (tin, box_) = (drawn(300, 380, [60, 110, 90], true), drawn(320, 260, [180, 60, 50], false));
    let one = [Piece::from(&product)];
    let three = [Piece { cutout: &tin, size: 1.1 }, Piece::from(&product), Piece { cutout: &box_, size: 0.7 }];
    let five = [
        Piece { cutout: &tin, size: 1.2 },
        Piece::from(&product),
        Piece { cutout: &box_, size: 0.6 },
        Piece::from(&product),
        Piece { cutout: &tin, size: 0.9 },
    ];
    let (warm, white) = (Backdrop::warm(), Backdrop::white());
    let (left, right) = (room(1200, 900, 1.0), room(1200, 900, -1.0));
    for (name, ground, pieces, size) in [
        ("studio-three", Ground::Studio(&warm), &three[..], (1200, 900)),
        ("studio-five", Ground::Studio(&warm), &five[..], (1200, 628)),
        ("white-three", Ground::Studio(&white), &three[..], (1000, 1000)),
        ("story-five", Ground::Studio(&warm), &five[..], (720, 1280)),
        ("scene-one-lit-left", Ground::Scene(&left), &one[..], (1200, 900)),
        ("scene-three-lit-right", Ground::Scene(&right), &three[..], (1200, 900)),
    ] {
        let placement = match ground {
            Ground::Studio(_) => Placement { fill: 0.8, ..Placement::default() },
            Ground::Scene(_) => Placement::in_scene(),
        };
        compose_on(size.0, size.1, ground, pieces, &placement)?.image.save(out.join(format!("{name}.png")))?;
    }
    Ok(())
}

/// A round tin, or a box, with light from the upper left.
fn drawn(width: u32, height: u32, colour: [u8; 3], round: bool) -> Cutout {
    let rgba = RgbaImage::from_fn(width + 40, height + 40, |x, y| {
        let (u, v) = ((x as f32 - 20.0) / width as f32, (y as f32 - 20.0) / height as f32);
        let inside = (0.0..1.0).contains(&u) && (0.0..1.0).contains(&v);
        let shade = if round { 1.25 - 0.9 * (u - 0.35).abs() } else { 1.1 - 0.2 * u };
        let band = if (0.35..0.65).contains(&v) { 60.0 } else { 0.0 };
        let [r, g, b] = colour.map(|c| ((f32::from(c) + band) * shade).clamp(0.0, 255.0) as u8);
        Rgba([r, g, b, if inside { 255 } else { 0 }])
    });
    let bbox = PixelBox { x: 20, y: 20, width, height };
    Cutout {
        rgba,
        bbox,
        confidence: 1.0,
        uncertain: None,
        doubts: vec![],
        measures: None,
        touches: Edges::default(),
        method: Method::Alpha,
    }
}

/// A table before a wall, lit from the left (1) or the right (−1).
fn room(width: u32, height: u32, from: f32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let (u, v) = (x as f32 / width as f32, y as f32 / height as f32);
        let light = 1.0 - from * 0.35 * (u - 0.5) * 2.0 - 0.15 * (v - 0.5).abs();
        let grain = ((x as f32 * 0.013 + (v * 90.0).sin() * 1.5).sin() + (v * 160.0).sin()) * 5.0;
        let base = if v > 0.58 { [150.0 + grain, 104.0 + grain, 66.0 + grain] } else { [196.0, 188.0, 172.0] };
        Rgb(base.map(|c: f32| (c * light).clamp(0.0, 255.0) as u8))
    })
}

fn bounds(words: &str) -> anyhow::Result<[f32; 4]> {
    let numbers = words.split(',').map(str::parse).collect::<Result<Vec<f32>, _>>().context("the box")?;
    numbers.try_into().map_err(|_| anyhow::anyhow!("a box has four numbers"))
}
