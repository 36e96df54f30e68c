/// Colours of backgrounds: the words for each, the usual one first, and its sRGB.
pub(crate) const COLOURS: [(&[&str], [u8; 3]); 24] = [
    (&["white", "pure white"], [255, 255, 255]),
    (&["light gray", "light grey", "pale gray"], [211, 211, 211]),
    (&["gray", "grey"], [128, 128, 128]),
    (&["black", "jet black"], [20, 20, 20]),
    (&["red", "bright red"], [222, 40, 40]),
    (&["crimson", "deep red"], [160, 20, 50]),
    (&["orange"], [245, 140, 40]),
    (&["peach"], [255, 204, 170]),
    (&["yellow", "bright yellow"], [250, 215, 50]),
    (&["cream", "ivory"], [250, 240, 215]),
    (&["beige", "sand"], [224, 204, 170]),
    (&["brown"], [130, 85, 50]),
    (&["lime", "lime green"], [165, 220, 60]),
    (&["green"], [50, 150, 70]),
    (&["mint", "mint green"], [175, 235, 205]),
    (&["teal"], [20, 130, 130]),
    (&["turquoise"], [64, 205, 200]),
    (&["sky blue", "light blue"], [140, 200, 240]),
    (&["blue", "bright blue"], [40, 90, 220]),
    (&["navy", "navy blue", "dark blue"], [20, 35, 90]),
    (&["lavender"], [205, 190, 240]),
    (&["purple", "violet"], [125, 60, 170]),
    (&["pink"], [250, 175, 200]),
    (&["magenta"], [220, 40, 150]),
];

/// Within 0..=1.
pub(crate) fn shares(colour: [u8; 3]) -> [f32; 3] {
    colour.map(|value| f32::from(value) / 255.0)
}
