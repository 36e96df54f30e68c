use crate::data::Object;
use std::f32::consts::PI;

/// A picture in the making: sRGB within 0..=1, and how much of every pixel the subjects cover.
#[derive(Clone)]
pub(crate) struct Canvas {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) rgb: Vec<[f32; 3]>,
    pub(crate) cover: Vec<f32>,
}

/// Where and how an object is drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pose {
    /// Middle, in pixels.
    pub(crate) at: [f32; 2],
    /// Side of the object's square, in pixels.
    pub(crate) side: f32,
    /// Degrees, clockwise.
    pub(crate) turn: f32,
    pub(crate) mirrored: bool,
}

/// What light does to an object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Light {
    /// Factor of each channel.
    pub(crate) gain: [f32; 3],
    /// Brightness added from the dark to the lit side, and the direction towards the light in degrees.
    pub(crate) shade: f32,
    pub(crate) from: f32,
}

impl Canvas {
    pub(crate) fn new(width: usize, height: usize, colour: [f32; 3]) -> Self {
        Self { width, height, rgb: vec![colour; width * height], cover: vec![0.0; width * height] }
    }

    /// Every pixel with its position from −1 to 1.
    pub(crate) fn paint(&mut self, paint: impl Fn(f32, f32) -> [f32; 3]) {
        for index in 0..self.rgb.len() {
            let (x, y) = (index % self.width, index / self.width);
            let across = |at: usize, all: usize| (at as f32 + 0.5) / all as f32 * 2.0 - 1.0;
            self.rgb[index] = paint(across(x, self.width), across(y, self.height));
        }
    }

    /// Draws an object over what is there.
    pub(crate) fn draw(&mut self, object: &Object, pose: &Pose, light: &Light) {
        self.draw_with(object, pose, |pixel, [u, v]| lit(pixel, u, v, light));
    }

    /// Draws an object whose premultiplied pixels `look` changes, knowing where in the object they are (−1..=1).
    pub(crate) fn draw_with(&mut self, object: &Object, pose: &Pose, look: impl Fn([f32; 4], [f32; 2]) -> [f32; 4]) {
        let mip = object.mip(pose.side);
        let (sin, cos) = (pose.turn / 180.0 * PI).sin_cos();
        let reach = pose.side * 0.72;
        let range = |middle: f32, all: usize| {
            let low = (middle - reach).floor().clamp(0.0, all as f32) as usize;
            low..(middle + reach).ceil().clamp(0.0, all as f32) as usize
        };
        for y in range(pose.at[1], self.height) {
            for x in range(pose.at[0], self.width) {
                let (dx, dy) = (x as f32 + 0.5 - pose.at[0], y as f32 + 0.5 - pose.at[1]);
                let (u, v) = ((cos * dx + sin * dy) / pose.side, (cos * dy - sin * dx) / pose.side);
                let u = if pose.mirrored { -u } else { u };
                if u.abs() > 0.52 || v.abs() > 0.52 {
                    continue;
                }
                let [r, g, b, a] = look(mip.sample(u + 0.5, v + 0.5), [2.0 * u, 2.0 * v]);
                let index = y * self.width + x;
                let under = self.rgb[index];
                self.rgb[index] = [r + under[0] * (1.0 - a), g + under[1] * (1.0 - a), b + under[2] * (1.0 - a)];
                self.cover[index] += a * (1.0 - self.cover[index]);
            }
        }
    }

    /// Darkens an ellipse softly: a contact shadow.
    pub(crate) fn shade(&mut self, at: [f32; 2], radii: [f32; 2], depth: f32) {
        for (index, pixel) in self.rgb.iter_mut().enumerate() {
            let (x, y) = ((index % self.width) as f32 + 0.5, (index / self.width) as f32 + 0.5);
            let r2 = ((x - at[0]) / radii[0]).powi(2) + ((y - at[1]) / radii[1]).powi(2);
            if r2 < 4.0 {
                let factor = 1.0 - depth * (-1.5 * r2).exp();
                *pixel = pixel.map(|value| value * factor);
            }
        }
    }

    /// Planes of R, G and B within −1..=1, row-major.
    pub(crate) fn planes(&self) -> Vec<f32> {
        let plane = |channel: usize| self.rgb.iter().map(move |pixel| pixel[channel].clamp(0.0, 1.0) * 2.0 - 1.0);
        (0..3).flat_map(plane).collect()
    }
}

impl crate::data::Mip {
    /// Bilinear at a position within 0..=1; nothing outside.
    fn sample(&self, u: f32, v: f32) -> [f32; 4] {
        let side = self.side as i32;
        let (x, y) = (u * side as f32 - 0.5, v * side as f32 - 0.5);
        let (x0, y0) = (x.floor() as i32, y.floor() as i32);
        let (fx, fy) = (x - x0 as f32, y - y0 as f32);
        let mut sum = [0.0; 4];
        for (dx, dy, weight) in
            [(0, 0, (1.0 - fx) * (1.0 - fy)), (1, 0, fx * (1.0 - fy)), (0, 1, (1.0 - fx) * fy), (1, 1, fx * fy)]
        {
            let (x, y) = (x0 + dx, y0 + dy);
            if (0..side).contains(&x) && (0..side).contains(&y) {
                let pixel = self.pixels[(y * side + x) as usize];
                for channel in 0..4 {
                    sum[channel] += pixel[channel] * weight;
                }
            }
        }
        sum
    }
}

fn lit([r, g, b, a]: [f32; 4], u: f32, v: f32, light: &Light) -> [f32; 4] {
    let (sin, cos) = (light.from / 180.0 * PI).sin_cos();
    let bright = 1.0 + light.shade * (u * cos + v * sin) * 0.7;
    let value = |value: f32, gain: f32| (value * gain * bright).min(a);
    [value(r, light.gain[0]), value(g, light.gain[1]), value(b, light.gain[2]), a]
}
