//! Vinyl embossed with scales: a cut, a scratch, a dent by a tool, a glue stain. No family of the pretraining has scales.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::damage::{Damage, bank, groove};
use super::material::DemoMaterial;
use crate::draw;
use crate::field::{Field, Fractal, Size};
use crate::frame::Frame;
use crate::light::Camera;
use crate::surface::{Lamp, Surface};

/// The material.
pub fn material() -> DemoMaterial {
    DemoMaterial {
        name: "vinyl",
        surface,
        lamp: Lamp { azimuth: -1.0, elevation: 0.8, ambient: 0.4, occlusion: 0.5, sharpness: 5 },
        camera: Camera { exposure: 1.2, gradient: 0.12, gradient_angle: -1.0, vignetting: 0.1, ..Camera::studio() },
        defects: &[("cut", cut), ("scratch", scratch), ("dent", dent), ("glue", glue)],
    }
}

/// Width of a scale, pixels.
const SCALE: f32 = 26.0;
/// Distance of two rows of scales, in widths.
const ROW: f32 = 0.52;
/// Radius of a scale, in widths.
const RADIUS: f32 = 0.64;

/// Scale at a point, and the point's place in it in radii from its middle. The y axis points to the free edge.
struct Scale {
    name: [i32; 2],
    at: [f32; 2],
}

/// Scale that lies on top at `(u, v)`, in widths. Every row lies on the next one, so it is the scale of the highest row
/// that reaches the point.
fn scale(u: f32, v: f32) -> Scale {
    let nearest = (v / ROW).floor() as i32;
    let of_row = |row: i32| {
        let shift = 0.5 * row.rem_euclid(2) as f32;
        let column = (u - shift).round();
        let at = [(u - shift - column) / RADIUS, (v - row as f32 * ROW) / RADIUS];
        Scale { name: [column as i32, row], at }
    };
    let reaches = |scale: &Scale| scale.at[0].hypot(scale.at[1]) < 1.0;
    (nearest - 2..=nearest).map(of_row).find(reaches).unwrap_or_else(|| of_row(nearest))
}

fn surface(size: Size, rng: &mut ChaCha8Rng) -> Surface {
    let frame = Frame::anywhere(size, 0.02 * draw::normal(rng, 0.0, 1.0), 100.0 * SCALE, rng);
    let seed: u32 = rng.random();
    let bend = Fractal { largest: 90.0, smallest: 20.0, smoothness: 1.0, stretch: 1.0 };
    let bend = [Field::fractal(size, bend, rng), Field::fractal(size, bend, rng)];
    let pores = Field::fractal(size, Fractal { largest: 5.0, smallest: 1.0, smoothness: 0.3, stretch: 1.0 }, rng);
    let cloud = Field::fractal(size, Fractal { largest: 120.0, smallest: 30.0, smoothness: 1.0, stretch: 1.0 }, rng);
    let (crest, foot) = (draw::oklch(0.53, 0.075, 205.0), draw::oklch(0.32, 0.055, 215.0));
    Surface::from_fn(size, 0.16, |x, y| {
        let p = y * size.width + x;
        let [px, py] = frame.at(x as f32, y as f32);
        let own = |field: &Field| 0.05 * field.values[p];
        let Scale { name, at: [u, v] } = scale(px / SCALE + own(&bend[0]), py / SCALE + own(&bend[1]));
        let value = draw::cell_value(name[0], name[1], seed);
        let far = u.hypot(v).min(1.0);
        // A scale rises towards its free edge and is rounded there. A keel runs along the middle.
        let rise = 0.5 + 0.5 * v;
        let edge = 1.0 - draw::step(0.82, 1.0, far);
        let keel = (1.0 - (u / 0.22).powi(2)).max(0.0);
        let height = 3.2 * rise * edge + 0.5 * keel * edge + 0.14 * pores.values[p];
        let tone = draw::mix(foot, crest, edge * (0.35 + 0.65 * rise));
        let shade = 1.0 + 0.12 * (value - 0.5) + 0.03 * pores.values[p] + 0.03 * cloud.values[p];
        (draw::shade(tone, shade), height)
    })
}

/// A blade's slit: open in the middle, the light edge of the carrier on both sides.
fn cut(damage: &mut Damage, rng: &mut ChaCha8Rng) {
    let start = damage.somewhere(0.28, rng);
    let heading = draw::direction(rng);
    let length = rng.random_range(45.0..95.0);
    let bend = draw::normal(rng, 0.0, 0.25);
    let width = rng.random_range(4.0..7.0);
    let start = [start[0] - 0.4 * length * heading.cos(), start[1] - 0.4 * length * heading.sin()];
    let slit = damage.stroke(start, heading, length, bend, width, rng).profile(damage.surface.size);
    let raw = draw::oklch(0.8, 0.02, 90.0);
    let depth = draw::oklch(0.12, 0.01, 200.0);
    damage.apply(
        |x, y| 1.0 - draw::step(1.3, 1.8, slit.at(x, y).min(9.0)),
        |surface, pixel, amount| {
            let distance = slit.values[pixel];
            let edge = bank(distance);
            surface.tint(pixel, raw, 0.75 * edge * amount);
            surface.relief[pixel] += 1.1 * edge * amount;
            let open = groove(distance + 0.25);
            surface.tint(pixel, depth, open);
            surface.relief[pixel] -= 4.0 * open;
        },
    );
}

/// One to three scuffs by a hard edge: shallow, the colour rubbed off.
fn scratch(damage: &mut Damage, rng: &mut ChaCha8Rng) {
    let start = damage.somewhere(0.25, rng);
    let heading = draw::direction(rng);
    let pale = draw::oklch(0.7, 0.045, 205.0);
    for _ in 0..rng.random_range(1..=3) {
        let begin = [start[0] + draw::normal(rng, 0.0, 7.0), start[1] + draw::normal(rng, 0.0, 7.0)];
        let length = rng.random_range(60.0..140.0);
        let bend = draw::normal(rng, 0.0, 0.35);
        let width = rng.random_range(3.0..5.0);
        let own_heading = heading + draw::normal(rng, 0.0, 0.06);
        let line = damage.stroke(begin, own_heading, length, bend, width, rng).profile(damage.surface.size);
        let skips = Field::fractal(
            damage.surface.size,
            Fractal { largest: 9.0, smallest: 2.0, smoothness: 0.5, stretch: 1.0 },
            rng,
        );
        damage.apply(
            |x, y| groove(line.at(x, y).min(9.0)) * (0.85 + 0.25 * skips.at(x, y)).clamp(0.25, 1.0),
            |surface, pixel, amount| {
                surface.tint(pixel, pale, 0.85 * amount);
                surface.relief[pixel] = surface.relief[pixel] * (1.0 - 0.6 * amount) - 0.6 * amount;
            },
        );
    }
}

/// The print of a tool: the scales pressed flat in a hollow with a soft rim.
fn dent(damage: &mut Damage, rng: &mut ChaCha8Rng) {
    let middle = damage.somewhere(0.22, rng);
    let radius = rng.random_range(12.0..24.0_f32);
    let depth = rng.random_range(5.0..8.0);
    let stretch = rng.random_range(0.8..1.25_f32);
    let distance = move |x: f32, y: f32| ((x - middle[0]) * stretch).hypot((y - middle[1]) / stretch) / radius;
    let width = damage.surface.size.width;
    damage.apply(
        |x, y| 1.0 - draw::step(0.85, 1.45, distance(x, y)),
        |surface, pixel, amount| {
            let from_middle = distance((pixel % width) as f32, (pixel / width) as f32);
            let bowl = (1.0 - from_middle * from_middle).max(0.0);
            let rim = (1.0 - ((from_middle - 1.1) / 0.3).powi(2)).max(0.0);
            surface.relief[pixel] = surface.relief[pixel] * (1.0 - 0.7 * amount) - depth * bowl + 0.9 * rim;
            surface.albedo[pixel] = draw::shade(surface.albedo[pixel], 1.0 - 0.18 * amount);
        },
    );
}

/// Dried glue: a pale film that fills the valleys.
fn glue(damage: &mut Damage, rng: &mut ChaCha8Rng) {
    let film = draw::oklch(0.78, 0.03, 85.0);
    let first = damage.somewhere(0.24, rng);
    for drop in 0..rng.random_range(1..=3) {
        let middle = if drop == 0 {
            first
        } else {
            [first[0] + draw::normal(rng, 0.0, 30.0), first[1] + draw::normal(rng, 0.0, 30.0)]
        };
        let radius = if drop == 0 { rng.random_range(12.0..22.0) } else { rng.random_range(3.0..8.0) };
        let patch = damage.blob(middle, radius, 0.9, rng);
        damage.apply(patch, |surface, pixel, amount| {
            surface.tint(pixel, film, 0.42 * amount);
            surface.relief[pixel] = surface.relief[pixel] * (1.0 - 0.75 * amount) + 1.3 * amount;
        });
    }
}
