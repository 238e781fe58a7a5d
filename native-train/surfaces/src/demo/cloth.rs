//! Woven cloth: a hole, a broken yarn, a pulled thread, a stain.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::damage::Damage;
use super::material::DemoMaterial;
use crate::draw::{self, Rgb};
use crate::families::weave::{Binding, Weave};
use crate::field::{Field, Fractal, Size};
use crate::light::Camera;
use crate::surface::{Lamp, Surface};

/// Pixels between neighbouring yarns.
const PITCH: [f32; 2] = [8.0, 7.4];

fn yarns() -> [Rgb; 2] {
    [draw::oklch(0.52, 0.055, 245.0), draw::oklch(0.62, 0.04, 240.0)]
}

/// The material.
pub fn material() -> DemoMaterial {
    DemoMaterial {
        name: "cloth",
        surface,
        lamp: Lamp { azimuth: -2.2, elevation: 0.95, ambient: 0.45, occlusion: 0.5, sharpness: 4 },
        camera: Camera { exposure: 1.25, vignetting: 0.08, gradient: 0.1, ..Camera::studio() },
        defects: &[("hole", hole), ("broken_yarn", broken_yarn), ("thread_pull", thread_pull), ("stain", stain)],
    }
}

fn surface(size: Size, rng: &mut ChaCha8Rng) -> Surface {
    let cloth = Weave {
        binding: Binding::Shifted { up: 2, down: 2, shift: 1 },
        pitch: PITCH,
        cover: [0.98, 0.98],
        dye: yarns(),
        angle: 0.012 * draw::normal(rng, 0.0, 1.0),
        wander: 0.07,
        slub: 0.09,
        twist: 0.2,
        relief: 0.26,
        stripe: 0,
        gloss: 0.02,
    };
    cloth.surface(size, rng)
}

/// Yarns torn away over a ragged patch, with loose ends around it.
fn hole(damage: &mut Damage, rng: &mut ChaCha8Rng) {
    let middle = damage.somewhere(0.2, rng);
    let radius = rng.random_range(9.0..20.0);
    let patch = damage.blob(middle, radius, 0.8, rng);
    let table = draw::oklch(0.16, 0.01, 60.0);
    damage.apply(patch, |surface, pixel, amount| {
        surface.tint(pixel, table, amount);
        surface.relief[pixel] += amount * (-5.0 - surface.relief[pixel]);
    });
    for end in 0..rng.random_range(9..15) {
        let turn = end as f32 * 0.9 + draw::normal(rng, 0.0, 0.3);
        let rim = [middle[0] + radius * turn.cos(), middle[1] + radius * turn.sin()];
        let inwards = turn + std::f32::consts::PI + draw::normal(rng, 0.0, 0.5);
        damage.fray(rim, inwards, rng.random_range(2..5), 0.7 * radius, yarns()[end % 2], rng);
    }
}

/// A weft is missing over a length. The warps lie bare and sag into the gap.
fn broken_yarn(damage: &mut Damage, rng: &mut ChaCha8Rng) {
    let middle = damage.somewhere(0.25, rng);
    let half = damage.surface.size.width as f32 * rng.random_range(0.12..0.3);
    let vertical = rng.random_bool(0.4);
    let pitch = if vertical { PITCH[0] } else { PITCH[1] };
    let split =
        move |x: f32, y: f32| if vertical { (y - middle[1], x - middle[0]) } else { (x - middle[0], y - middle[1]) };
    let gap = move |x: f32, y: f32| {
        let (along, across) = split(x, y);
        let ends = 1.0 - draw::step(half - 6.0, half, along.abs());
        ends * (1.0 - draw::step(0.4 * pitch, 0.65 * pitch, across.abs()))
    };
    let bare = draw::shade(yarns()[usize::from(!vertical) ^ 1], 0.55);
    damage.apply(gap, |surface, pixel, amount| {
        surface.tint(pixel, bare, 0.62 * amount);
        surface.relief[pixel] = surface.relief[pixel] * (1.0 - 0.4 * amount) - 1.7 * amount;
    });
    for side in [-1.0_f32, 1.0] {
        let end = if vertical { [middle[0], middle[1] + side * half] } else { [middle[0] + side * half, middle[1]] };
        let heading = if vertical {
            -side * std::f32::consts::FRAC_PI_2
        } else if side > 0.0 {
            std::f32::consts::PI
        } else {
            0.0
        };
        damage.fray(end, heading, 7, 16.0, draw::shade(yarns()[usize::from(!vertical)], 1.1), rng);
    }
}

/// A snag. A loop stands out, and its tight yarn puckers the cloth.
fn thread_pull(damage: &mut Damage, rng: &mut ChaCha8Rng) {
    let middle = damage.somewhere(0.25, rng);
    let reach = damage.surface.size.width as f32 * rng.random_range(0.2..0.35);
    let depth = rng.random_range(3.0..5.5);
    let side = if rng.random_bool(0.5) { 1.0 } else { -1.0 };
    damage.warp(move |x, y| {
        let (along, across) = (x - middle[0], y - middle[1]);
        let near = (-(across / (1.6 * PITCH[1])).powi(2)).exp() * (-(along / (0.5 * reach)).powi(2)).exp();
        // The cloth is pulled together towards the snag, and lifted beside it.
        [x + along.signum() * depth * near * (along.abs() / 6.0).min(1.0), y + side * depth * near]
    });
    let tight = move |x: f32, y: f32| {
        let along = (x - middle[0]).abs() / reach;
        let across = (y - middle[1] + side * depth * (-(2.0 * along).powi(2)).exp()).abs();
        (1.0 - draw::step(0.6, 1.0, along)) * (1.0 - draw::step(0.25 * PITCH[1], 0.5 * PITCH[1], across))
    };
    damage.apply(tight, |surface, pixel, amount| {
        surface.albedo[pixel] = draw::shade(surface.albedo[pixel], 1.0 + 0.25 * amount);
        surface.relief[pixel] += 1.3 * amount;
    });
    let size = damage.surface.size;
    let loop_start = [middle[0] - 5.0, middle[1]];
    let length = rng.random_range(22.0..36.0);
    let bend = -side * rng.random_range(3.6..4.8);
    let stroke = damage.stroke(loop_start, -side * 0.9, length, bend, 4.2, rng).profile(size);
    let yarn = draw::shade(yarns()[1], 1.15);
    damage.apply(
        |x, y| 1.0 - draw::step(0.8, 1.1, stroke.at(x, y).min(9.0)),
        |surface, pixel, amount| {
            let round = (1.0 - stroke.values[pixel].min(1.0).powi(2)).sqrt();
            surface.tint(pixel, yarn, amount);
            surface.relief[pixel] += amount * (4.0 + 2.0 * round - surface.relief[pixel]);
        },
    );
}

/// A liquid that soaked in and dried. It is darker towards the border and follows the yarns.
fn stain(damage: &mut Damage, rng: &mut ChaCha8Rng) {
    let middle = damage.somewhere(0.22, rng);
    let radius = rng.random_range(16.0..38.0_f32);
    let shape = Fractal { largest: radius, smallest: 5.0, smoothness: 1.0, stretch: 1.0 };
    let edge = Field::fractal(damage.surface.size, shape, rng);
    let cloud = Field::fractal(damage.surface.size, Fractal { largest: 12.0, ..shape }, rng);
    let liquid = match rng.random_range(0..3) {
        0 => draw::oklch(0.3, 0.06, 55.0),
        1 => draw::oklch(0.24, 0.02, 100.0),
        _ => draw::oklch(0.34, 0.1, 25.0),
    };
    let strength = rng.random_range(0.45..0.75);
    let distance = move |x: f32, y: f32| (x - middle[0]).hypot(y - middle[1]) / radius + 0.16 * edge.at(x, y);
    damage.apply(
        |x, y| {
            let from_middle = distance(x, y);
            let inside = 1.0 - draw::step(0.93, 1.05, from_middle);
            let ring = draw::step(0.55, 0.97, from_middle);
            inside * (0.6 + 0.35 * ring + 0.1 * cloud.at(x, y)).clamp(0.25, 1.0)
        },
        |surface, pixel, amount| {
            let soaked = surface.albedo[pixel];
            // Pigment filters what the yarn reflects rather than covering it.
            let filtered = [0, 1, 2].map(|c| soaked[c] * (0.25 + 0.75 * (liquid[c] / 0.2).min(1.0)) * 0.6);
            surface.tint(pixel, filtered, strength * amount + 0.15 * amount);
        },
    );
}
