//! What others write is seen as they see it.

use super::told;
use cavendish_imaging::image::{self, RgbaImage};
use cavendish_imaging::{Limits, OutputProfile, decode};

/// CIE L*a*b* of an sRGB pixel, white at D65.
fn lab(pixel: [u8; 4]) -> [f64; 3] {
    let [r, g, b] = [pixel[0], pixel[1], pixel[2]].map(|v| {
        let v = f64::from(v) / 255.0;
        if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
    });
    let xyz = [
        (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505,
        0.2126 * r + 0.7152 * g + 0.0722 * b,
        (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089,
    ];
    let [x, y, z] = xyz.map(|t| if t > 0.008_856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 });
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// ΔE (CIE 1976) of pixels that are seen in both, in order.
fn differences(a: &RgbaImage, b: &RgbaImage) -> Vec<f64> {
    let seen = a.pixels().zip(b.pixels()).filter(|(a, b)| a.0[3] > 200 && b.0[3] > 200);
    let mut all: Vec<f64> = seen
        .map(|(a, b)| {
            let (a, b) = (lab(a.0), lab(b.0));
            (0..3).map(|i| (a[i] - b[i]).powi(2)).sum::<f64>().sqrt()
        })
        .collect();
    all.sort_by(f64::total_cmp);
    all
}

#[test]
fn what_others_write_is_seen_as_they_see_it() {
    let folder = tempfile::tempdir().unwrap();
    let coated = folder.path().join("coated.icc");
    std::fs::write(&coated, OutputProfile::coated().icc()).unwrap();
    let files = told("peers.py", &[folder.path().to_owned(), coated]);
    assert!(files.len() >= 35, "{}", files.len());
    for file in files {
        let path = |key: &str| file[key].as_str().unwrap().to_owned();
        let (name, by) = (path("file").rsplit('/').next().unwrap().to_owned(), path("by"));
        let picture = decode(&std::fs::read(path("file")).unwrap(), &Limits::default());
        let picture = picture.unwrap_or_else(|error| panic!("{name}: {error}")).to_rgba();
        let seen = image::open(path("seen")).unwrap().into_rgba8();
        assert_eq!(picture.dimensions(), seen.dimensions(), "{name}");
        let off = picture.pixels().zip(seen.pixels()).filter(|(a, b)| a.0[3].abs_diff(b.0[3]) > 1).count();
        assert_eq!(off, 0, "{name}: alpha differs from what {by} sees");
        let all = differences(&picture, &seen);
        let (median, most) = (all[all.len() / 2], all[all.len() * 99 / 100]);
        println!("{name}, {by}: ΔE {median:.2} at the median, {most:.2} for all but one in a hundred");
        assert!(median <= 1.0, "{name}: {median} from what {by} sees");
    }
}
