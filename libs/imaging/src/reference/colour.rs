//! Oklab, in which equal distances look alike (Ottosson 2020), and the names of colours.

/// A colour in Oklab: lightness 0..1, green to red, blue to yellow.
pub(super) type Oklab = [f32; 3];

fn linear(value: u8) -> f32 {
    let v = f32::from(value) / 255.0;
    if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
}

fn encoded(v: f32) -> u8 {
    let v = v.clamp(0.0, 1.0);
    let v = if v <= 0.003_130_8 { v * 12.92 } else { 1.055 * v.powf(1.0 / 2.4) - 0.055 };
    (v * 255.0).round() as u8
}

fn product(matrix: [[f32; 3]; 3], v: [f32; 3]) -> [f32; 3] {
    matrix.map(|row| row[0] * v[0] + row[1] * v[1] + row[2] * v[2])
}

/// An sRGB colour in Oklab.
pub(super) fn oklab(rgb: [u8; 3]) -> Oklab {
    let cones = product(
        [
            [0.412_221_46, 0.536_332_55, 0.051_445_995],
            [0.211_903_5, 0.680_699_5, 0.107_396_96],
            [0.088_302_46, 0.281_718_85, 0.629_978_7],
        ],
        rgb.map(linear),
    );
    product(
        [
            [0.210_454_26, 0.793_617_8, -0.004_072_047],
            [1.977_998_5, -2.428_592_2, 0.450_593_7],
            [0.025_904_037, 0.782_771_77, -0.808_675_77],
        ],
        cones.map(f32::cbrt),
    )
}

/// The sRGB colour nearest to an Oklab colour.
pub(super) fn srgb(lab: Oklab) -> [u8; 3] {
    let cones = product(
        [[1.0, 0.396_337_78, 0.215_803_76], [1.0, -0.105_561_346, -0.063_854_17], [1.0, -0.089_484_18, -1.291_485_5]],
        lab,
    );
    product(
        [
            [4.076_741_7, -3.307_711_6, 0.230_969_94],
            [-1.268_438, 2.609_757_4, -0.341_319_4],
            [-0.004_196_086_3, -0.703_418_6, 1.707_614_7],
        ],
        cones.map(|v| v * v * v),
    )
    .map(encoded)
}

pub(super) fn distance2(a: Oklab, b: Oklab) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum()
}

/// What people call the colours, each by a typical one or two.
const NAMES: [(&str, [u8; 3]); 27] = [
    ("black", [18, 18, 18]),
    ("dark grey", [70, 70, 72]),
    ("grey", [128, 128, 128]),
    ("light grey", [200, 200, 200]),
    ("white", [248, 248, 246]),
    ("cream", [245, 235, 208]),
    ("beige", [214, 190, 152]),
    ("brown", [112, 66, 32]),
    ("brown", [150, 100, 60]),
    ("dark brown", [60, 38, 24]),
    ("red", [205, 30, 35]),
    ("dark red", [120, 18, 24]),
    ("orange", [240, 130, 30]),
    ("yellow", [245, 210, 50]),
    ("gold", [190, 150, 50]),
    ("olive", [110, 110, 40]),
    ("green", [50, 150, 60]),
    ("light green", [150, 210, 130]),
    ("dark green", [25, 70, 40]),
    ("teal", [20, 130, 130]),
    ("light blue", [140, 195, 235]),
    ("blue", [40, 95, 200]),
    ("navy", [20, 32, 85]),
    ("purple", [120, 60, 160]),
    ("pink", [245, 165, 190]),
    ("magenta", [215, 40, 130]),
    ("turquoise", [70, 205, 200]),
];

/// What people call a colour.
#[must_use]
pub fn colour_name(rgb: [u8; 3]) -> &'static str {
    let lab = oklab(rgb);
    // Hue makes the name before lightness does.
    let far = |other: [u8; 3]| {
        let other = oklab(other);
        0.5 * (lab[0] - other[0]).powi(2) + 2.0 * ((lab[1] - other[1]).powi(2) + (lab[2] - other[2]).powi(2))
    };
    NAMES.iter().min_by(|a, b| far(a.1).total_cmp(&far(b.1))).map_or("grey", |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oklab_is_as_published_and_turns_back() {
        let red = oklab([255, 0, 0]);
        for (value, published) in red.iter().zip([0.627_96, 0.224_86, 0.125_85]) {
            assert!((value - published).abs() < 1e-3, "{red:?}");
        }
        for rgb in [[0, 0, 0], [255, 255, 255], [12, 200, 99], [250, 3, 77]] {
            let back = srgb(oklab(rgb));
            assert!(rgb.iter().zip(back).all(|(a, b)| a.abs_diff(b) <= 1), "{rgb:?} became {back:?}");
        }
    }

    #[test]
    fn colours_have_the_names_that_people_use() {
        for (rgb, name) in [
            ([255, 255, 255], "white"),
            ([0, 0, 0], "black"),
            ([220, 20, 30], "red"),
            ([30, 60, 180], "blue"),
            ([90, 55, 30], "brown"),
            ([250, 215, 40], "yellow"),
            ([125, 127, 126], "grey"),
            ([60, 140, 60], "green"),
        ] {
            assert_eq!(colour_name(rgb), name, "{rgb:?}");
        }
    }
}
