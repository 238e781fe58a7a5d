//! Leather: a cut, a scratch, a dent by a tool, a glue stain.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::Material;
use super::damage::{Damage, bank, groove};
use crate::textures::draw;
use crate::textures::field::{Field, Fractal, Size};
use crate::textures::leather::Leather;
use crate::textures::light::Camera;
use crate::textures::surface::{Lamp, Surface};

/// The set.
pub fn material() -> Material {
    Material {
        name: "leather",
        surface,
        lamp: Lamp { azimuth: -1.0, elevation: 0.8, ambient: 0.38, occlusion: 0.6, sharpness: 5 },
        camera: Camera { exposure: 1.2, gradient: 0.12, gradient_angle: -1.0, vignetting: 0.1, ..Camera::studio() },
        defects: &[("cut", cut), ("scratch", scratch), ("dent", dent), ("glue", glue)],
    }
}

fn surface(size: Size, rng: &mut ChaCha8Rng) -> Surface {
    let leather = Leather {
        cell: 9.0,
        stretch: 1.25,
        angle: 0.5,
        disorder: 0.9,
        crease: 0.24,
        height: 0.15,
        wrinkles: 0.22,
        bend: 0.3,
        dye: draw::oklch(0.5, 0.085, 48.0),
        wax: 0.72,
        cloud: 0.06,
        gloss: 0.09,
    };
    leather.surface(size, rng)
}

/// A blade's slit: open in the middle, the light raw edge of the hide on both sides.
fn cut(damage: &mut Damage, rng: &mut ChaCha8Rng) {
    let start = damage.somewhere(0.28, rng);
    let heading = draw::direction(rng);
    let length = rng.random_range(45.0..95.0);
    let bend = draw::normal(rng, 0.0, 0.25);
    let width = rng.random_range(4.0..7.0);
    let start = [start[0] - 0.4 * length * heading.cos(), start[1] - 0.4 * length * heading.sin()];
    let slit = damage.stroke(start, heading, length, bend, width, rng).profile(damage.surface.size);
    let raw = draw::oklch(0.74, 0.05, 65.0);
    let depth = draw::oklch(0.14, 0.02, 45.0);
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

/// One to three scuffs by a hard edge: shallow, the dye rubbed off.
fn scratch(damage: &mut Damage, rng: &mut ChaCha8Rng) {
    let start = damage.somewhere(0.25, rng);
    let heading = draw::direction(rng);
    let pale = draw::oklch(0.72, 0.06, 60.0);
    for _ in 0..rng.random_range(1..=3) {
        let begin = [start[0] + draw::normal(rng, 0.0, 7.0), start[1] + draw::normal(rng, 0.0, 7.0)];
        let length = rng.random_range(60.0..140.0);
        let bend = draw::normal(rng, 0.0, 0.35);
        let width = rng.random_range(2.6..4.4);
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

/// The print of a tool: the grain pressed flat in a hollow with a soft rim.
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

/// Dried glue: a pale film that fills the creases.
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
