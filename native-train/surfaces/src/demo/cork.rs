//! Cork: a scratch, a gouge that crumbles, a water stain, a scorch. No family of the pretraining has granules that consist
//! of grains.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::damage::{Damage, bank, groove};
use super::material::DemoMaterial;
use crate::cells::Cells;
use crate::draw;
use crate::field::{Field, Fractal, Size};
use crate::frame::Frame;
use crate::light::Camera;
use crate::surface::{Lamp, Surface};

/// The material.
pub fn material() -> DemoMaterial {
    DemoMaterial {
        name: "cork",
        surface,
        lamp: Lamp { azimuth: -1.4, elevation: 0.9, ambient: 0.5, occlusion: 0.5, sharpness: 3 },
        camera: Camera { exposure: 1.15, gradient: 0.15, gradient_angle: -0.7, ..Camera::studio() },
        defects: &[("scratch", scratch), ("gouge", gouge), ("stain", stain), ("scorch", scorch)],
    }
}

/// Width of a granule and of a grain in it, pixels.
const WIDTHS: [f32; 2] = [13.0, 4.5];

fn surface(size: Size, rng: &mut ChaCha8Rng) -> Surface {
    let seed: u32 = rng.random();
    let frames = WIDTHS.map(|width| Frame::anywhere(size, 0.4, 100.0 * width, rng));
    let bend = Fractal { largest: 10.0, smallest: 2.0, smoothness: 0.9, stretch: 1.0 };
    let bend = [Field::fractal(size, bend, rng), Field::fractal(size, bend, rng)];
    let pores = Field::fractal(size, Fractal { largest: 7.0, smallest: 1.5, smoothness: 0.8, stretch: 1.4 }, rng);
    let grain = Field::fractal(size, Fractal { largest: 4.0, smallest: 1.0, smoothness: 0.3, stretch: 1.0 }, rng);
    let (pale, brown) = (draw::oklch(0.76, 0.075, 72.0), draw::oklch(0.57, 0.08, 60.0));
    let bark = draw::oklch(0.33, 0.05, 50.0);
    let mut cells = [0, 1].map(|level| Cells::new(1.0, seed ^ level));
    Surface::from_fn(size, 0.02, |x, y| {
        let p = y * size.width + x;
        let [granule, own] = [0, 1].map(|level| {
            let [u, v] = frames[level].at(x as f32, y as f32).map(|value| value / WIDTHS[level]);
            let reach = [0.22, 0.12][level];
            cells[level].at(u + reach * bend[0].values[p], v + reach * bend[1].values[p])
        });
        // Some granules have one tone and some two. Now and then bark lies between them.
        let value = granule.value(seed);
        let tone = draw::mix(pale, brown, (0.8 * value + 0.35 * (own.value(seed) - 0.3)).clamp(0.0, 1.0));
        let joint = 1.0 - draw::step(0.01, 0.07, granule.inside());
        let bark_here = draw::step(2.9, 3.3, pores.values[p]).max(0.75 * joint * draw::step(0.35, 0.7, value));
        let colour = draw::mix(tone, bark, bark_here);
        let height = 0.6 * draw::step(0.0, 0.25, own.inside()) - 1.4 * bark_here - 0.4 * joint;
        (draw::shade(colour, 1.0 + 0.06 * grain.values[p]), height + 0.25 * grain.values[p])
    })
}

/// A hard edge drawn over the sheet: torn grains, a dark groove.
fn scratch(damage: &mut Damage, rng: &mut ChaCha8Rng) {
    let start = damage.somewhere(0.25, rng);
    let heading = draw::direction(rng);
    let (length, bend, width) =
        (rng.random_range(60.0..130.0), draw::normal(rng, 0.0, 0.25), rng.random_range(4.5..7.0));
    let line = damage.stroke(start, heading, length, bend, width, rng).profile(damage.surface.size);
    let torn = Field::fractal(
        damage.surface.size,
        Fractal { largest: 8.0, smallest: 2.0, smoothness: 0.5, stretch: 1.0 },
        rng,
    );
    let deep = draw::oklch(0.3, 0.05, 50.0);
    damage.apply(
        |x, y| groove(line.at(x, y).min(9.0) * (1.0 + 0.25 * torn.at(x, y))),
        |surface, pixel, amount| {
            surface.tint(pixel, deep, 0.8 * amount);
            surface.relief[pixel] += 0.9 * bank(line.values[pixel]) - 2.0 * amount;
        },
    );
}

/// A piece broken out: fresh, pale cork in a ragged hollow.
fn gouge(damage: &mut Damage, rng: &mut ChaCha8Rng) {
    let middle = damage.somewhere(0.22, rng);
    let radius = rng.random_range(16.0..28.0);
    let patch = damage.blob(middle, radius, 1.0, rng);
    let rough = Field::fractal(
        damage.surface.size,
        Fractal { largest: 9.0, smallest: 1.5, smoothness: 0.6, stretch: 1.0 },
        rng,
    );
    let fresh = draw::oklch(0.64, 0.1, 58.0);
    damage.apply(patch, |surface, pixel, amount| {
        surface.tint(pixel, draw::shade(fresh, 1.0 + 0.22 * rough.values[pixel]), 0.85 * amount);
        surface.relief[pixel] += amount * (2.2 * rough.values[pixel] - 7.0);
    });
}

/// Dried water: darker, with a darker border.
fn stain(damage: &mut Damage, rng: &mut ChaCha8Rng) {
    let middle = damage.somewhere(0.22, rng);
    let radius = rng.random_range(22.0..40.0_f32);
    let shape = Fractal { largest: 1.3 * radius, smallest: 6.0, smoothness: 1.1, stretch: 1.0 };
    let edge = Field::fractal(damage.surface.size, shape, rng);
    let strength = rng.random_range(0.5..0.68);
    damage.apply(
        |x, y| {
            let distance = (x - middle[0]).hypot(y - middle[1]) / radius + 0.14 * edge.at(x, y);
            let inside = 1.0 - draw::step(0.95, 1.03, distance);
            inside * (0.55 + 0.45 * draw::step(0.78, 0.98, distance))
        },
        |surface, pixel, amount| {
            surface.albedo[pixel] = draw::shade(surface.albedo[pixel], 1.0 - strength * amount);
        },
    );
}

/// Burnt by something hot: black in the middle, brown around it.
fn scorch(damage: &mut Damage, rng: &mut ChaCha8Rng) {
    let middle = damage.somewhere(0.22, rng);
    let radius = rng.random_range(11.0..19.0);
    let (char, brown) = (draw::oklch(0.2, 0.015, 50.0), draw::oklch(0.4, 0.07, 55.0));
    let around = damage.blob(middle, 1.8 * radius, 0.8, rng);
    damage.apply(around, |surface, pixel, amount| surface.tint(pixel, brown, 0.5 * amount));
    let patch = damage.blob(middle, radius, 0.9, rng);
    damage.apply(patch, |surface, pixel, amount| {
        surface.tint(pixel, char, 0.85 * amount);
        surface.relief[pixel] -= 1.2 * amount;
    });
}
