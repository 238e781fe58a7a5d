//! Brushed metal: scratches across the grain, a dent, a stain, a pit of corrosion.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::Material;
use super::damage::{Damage, bank, groove};
use crate::textures::draw;
use crate::textures::field::{Field, Fractal, Size};
use crate::textures::light::Camera;
use crate::textures::metal::{Metal, Working};
use crate::textures::surface::{Lamp, Surface};

/// The set.
pub fn material() -> Material {
    Material {
        name: "brushed_metal",
        surface,
        lamp: Lamp { azimuth: -1.4, elevation: 0.85, ambient: 0.4, occlusion: 0.3, sharpness: 4 },
        camera: Camera { exposure: 1.1, gradient: 0.18, gradient_angle: -0.7, ..Camera::studio() },
        defects: &[("scratch", scratch), ("dent", dent), ("stain", stain), ("corrosion", corrosion)],
    }
}

fn surface(size: Size, rng: &mut ChaCha8Rng) -> Surface {
    let metal = Metal {
        working: Working::Brushed { length: 150.0 },
        tone: draw::oklch(0.74, 0.012, 245.0),
        angle: 0.01 * draw::normal(rng, 0.0, 1.0),
        strength: 0.75,
        cloud: 0.025,
        gloss: 0.22,
    };
    metal.surface(size, rng)
}

/// A hard point drawn over the sheet: a bright groove with a dark side and a burr.
fn scratch(damage: &mut Damage, rng: &mut ChaCha8Rng) {
    let start = damage.somewhere(0.25, rng);
    let heading = rng.random_range(0.35..2.8);
    for _ in 0..rng.random_range(1..=2) {
        let begin = [start[0] + draw::normal(rng, 0.0, 9.0), start[1] + draw::normal(rng, 0.0, 9.0)];
        let length = rng.random_range(50.0..130.0);
        let bend = draw::normal(rng, 0.0, 0.2);
        let width = rng.random_range(1.5..2.8);
        let line = damage.stroke(begin, heading + draw::normal(rng, 0.0, 0.1), length, bend, width, rng);
        let line = line.profile(damage.surface.size);
        damage.apply(
            |x, y| 1.0 - draw::step(1.2, 1.8, line.at(x, y).min(9.0)),
            |surface, pixel, amount| {
                let (cut, burr) = (groove(line.values[pixel]), bank(line.values[pixel]));
                surface.albedo[pixel] = draw::shade(surface.albedo[pixel], 1.0 + 0.3 * cut);
                surface.relief[pixel] += amount * (0.5 * burr - 1.2 * cut);
            },
        );
    }
}

/// A knock: a smooth hollow in which the brush marks go on.
fn dent(damage: &mut Damage, rng: &mut ChaCha8Rng) {
    let middle = damage.somewhere(0.22, rng);
    let radius = rng.random_range(11.0..24.0_f32);
    let depth = rng.random_range(0.16..0.28) * radius;
    let turn = draw::direction(rng);
    let long = rng.random_range(1.0..1.6_f32);
    let distance = move |x: f32, y: f32| {
        let (x, y) = (x - middle[0], y - middle[1]);
        let (u, v) = (x * turn.cos() + y * turn.sin(), y * turn.cos() - x * turn.sin());
        (u / long).hypot(v) / radius
    };
    let width = damage.surface.size.width;
    damage.apply(
        |x, y| 1.0 - draw::step(0.8, 1.4, distance(x, y)),
        |surface, pixel, _| {
            let square = distance((pixel % width) as f32, (pixel / width) as f32).powi(2);
            // Steep inside, with a slight rise of the sheet about it.
            surface.relief[pixel] -=
                depth * ((-2.2 * square).exp() - 0.35 * (-(square - 1.3).powi(2) * 3.0).exp() * 0.4);
        },
    );
}

/// A dried drop of cutting oil: a brownish film with a dark border.
fn stain(damage: &mut Damage, rng: &mut ChaCha8Rng) {
    let middle = damage.somewhere(0.22, rng);
    let radius = rng.random_range(14.0..32.0_f32);
    let shape = Fractal { largest: 1.3 * radius, smallest: 6.0, smoothness: 1.1, stretch: 1.0 };
    let edge = Field::fractal(damage.surface.size, shape, rng);
    let oil = draw::oklch(0.5, 0.055, 70.0);
    let strength = rng.random_range(0.35..0.6);
    damage.apply(
        |x, y| {
            let distance = (x - middle[0]).hypot(y - middle[1]) / radius + 0.14 * edge.at(x, y);
            let inside = 1.0 - draw::step(0.95, 1.03, distance);
            inside * (0.5 + 0.5 * draw::step(0.8, 0.98, distance))
        },
        |surface, pixel, amount| surface.tint(pixel, oil, strength * amount),
    );
}

/// Rust about a cluster of pits.
fn corrosion(damage: &mut Damage, rng: &mut ChaCha8Rng) {
    let middle = damage.somewhere(0.22, rng);
    let spread = rng.random_range(7.0..14.0);
    let rust = draw::oklch(0.42, 0.09, 48.0);
    let halo = draw::oklch(0.6, 0.06, 60.0);
    for _ in 0..rng.random_range(7..16) {
        let place = [middle[0] + draw::normal(rng, 0.0, spread), middle[1] + draw::normal(rng, 0.0, 0.7 * spread)];
        let radius = draw::scale(rng, 1.6, 5.5);
        let around = damage.blob(place, 1.9 * radius, 0.9, rng);
        damage.apply(around, |surface, pixel, amount| surface.tint(pixel, halo, 0.35 * amount));
        let pit = damage.blob(place, radius, 0.9, rng);
        let grain = Field::white(damage.surface.size, rng);
        damage.apply(pit, |surface, pixel, amount| {
            surface.tint(pixel, draw::shade(rust, 1.0 + 0.18 * grain.values[pixel]), 0.85 * amount);
            surface.relief[pixel] += amount * (0.5 * grain.values[pixel] - 0.9);
        });
    }
}
