//! Woven cloth: plain, twill, satin and basket bindings of warp and weft yarns.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::draw::{self, Rgb, cell_value};
use crate::field::{Field, Size};
use crate::frame::{Frame, TurnedFields};
use crate::surface::Surface;

/// Binding of a cloth: the yarn that lies on top where warp `i` crosses weft `j`.
#[derive(Clone, Copy, Debug)]
pub enum Binding {
    /// Warp on top for `up` of every `up + down` wefts. Each warp starts `shift` wefts later than the one before. 1, 1, 1
    /// gives plain weave, 2, 2, 1 a twill, and 4, 1, 2 a satin.
    Shifted { up: i32, down: i32, shift: i32 },
    /// Plain weave with this many parallel yarns as one.
    Basket { yarns: i32 },
    /// A twill whose diagonal turns back every `width` warps.
    Herringbone { up: i32, down: i32, width: i32 },
}

impl Binding {
    fn warp_on_top(self, i: i32, j: i32) -> bool {
        match self {
            Self::Shifted { up, down, shift } => (j + i * shift).rem_euclid(up + down) < up,
            Self::Basket { yarns } => (i.div_euclid(yarns) + j.div_euclid(yarns)).rem_euclid(2) == 0,
            Self::Herringbone { up, down, width } => {
                let turned = i.rem_euclid(2 * width);
                let diagonal = if turned < width { turned } else { 2 * width - 1 - turned };
                (j + diagonal).rem_euclid(up + down) < up
            }
        }
    }
}

/// A woven cloth.
#[derive(Clone, Copy, Debug)]
pub struct Weave {
    /// The binding.
    pub binding: Binding,
    /// Pixels between neighbouring warp yarns (x) and weft yarns (y), 3..24.
    pub pitch: [f32; 2],
    /// Width of a yarn as a part of the pitch, warp and weft, 0.6..1.1.
    pub cover: [f32; 2],
    /// Colours of warp and weft.
    pub dye: [Rgb; 2],
    /// Direction, radians.
    pub angle: f32,
    /// Displacement of yarns from their places, in pitches, 0..0.2.
    pub wander: f32,
    /// Variation of brightness between and along yarns, 0..0.3.
    pub slub: f32,
    /// Strength of the visible fibre twist, 0..0.4.
    pub twist: f32,
    /// Height of the yarn over the ground, as a part of the pitch, 0.1..0.6.
    pub relief: f32,
    /// Number of warps from one with the weft's colour to the next (0: none), for pinstripes and checks.
    pub stripe: i32,
    /// Mirror-like part, 0..0.3.
    pub gloss: f32,
}

impl Weave {
    /// Draws a random woven cloth.
    pub fn sample(rng: &mut ChaCha8Rng) -> Self {
        let pitch = draw::scale(rng, 3.2, 22.0);
        let warp = draw::dye(rng);
        let weft = match rng.random_range(0..4) {
            0 => draw::dye(rng),
            1 => draw::shade(warp, rng.random_range(0.5..1.2)),
            _ => draw::shade(warp, rng.random_range(0.9..1.1)),
        };
        let binding = match rng.random_range(0..8) {
            0..=2 => Binding::Shifted { up: 1, down: 1, shift: 1 },
            3 => Binding::Shifted { up: rng.random_range(1..=3), down: rng.random_range(1..=3), shift: 1 },
            4 => Binding::Shifted { up: 2, down: rng.random_range(1..=2), shift: 1 },
            5 => Binding::Shifted { up: 4, down: 1, shift: 2 },
            6 => Binding::Basket { yarns: rng.random_range(2..=3) },
            _ => Binding::Herringbone { up: 2, down: 2, width: rng.random_range(4..=10) },
        };
        Self {
            binding,
            pitch: [pitch, pitch * draw::scale(rng, 0.75, 1.33)],
            cover: [rng.random_range(0.72..1.05), rng.random_range(0.72..1.05)],
            dye: [warp, weft],
            angle: draw::mounting(rng),
            wander: rng.random_range(0.01..0.14),
            slub: rng.random_range(0.02..0.2),
            twist: rng.random_range(0.0..0.35),
            relief: rng.random_range(0.12..0.45),
            stripe: if rng.random_bool(0.2) { rng.random_range(3..12) } else { 0 },
            gloss: 0.2 * rng.random::<f32>().powi(3),
        }
    }

    /// Draws a piece of the cloth.
    pub fn surface(&self, size: Size, rng: &mut ChaCha8Rng) -> Surface {
        let seed: u32 = rng.random();
        let frame = Frame::anywhere(size, self.angle, 64.0 * self.pitch[0], rng);
        let mean_pitch = 0.5 * (self.pitch[0] + self.pitch[1]);
        // Yarns wander slowly along themselves and independently of their neighbours.
        let yarns = TurnedFields::new(size, self.angle, |square| {
            let [sway, thick, fibre] = [(9.0, 1.5 * mean_pitch), (4.0, 0.8 * mean_pitch), (0.8, 1.1)];
            [(sway, false), (sway, true), (thick, false), (thick, true), (fibre, false), (fibre, true)].map(
                |((length, across), along_x)| {
                    let length = length * mean_pitch;
                    Field::smooth(square, if along_x { [length, across] } else { [across, length] }, rng)
                },
            )
        });
        let height = self.relief * mean_pitch;
        Surface::from_fn(size, self.gloss, |x, y| {
            let [px, py] = frame.at(x as f32, y as f32);
            let yarns = yarns.at(x, y);
            let [sway, thick, fibre] = [0, 2, 4].map(|of| [yarns[of], yarns[of + 1]]);
            let u = px / self.pitch[0] + self.wander * sway[0];
            let v = py / self.pitch[1] + self.wander * sway[1];
            let (i, j) = (u.floor() as i32, v.floor() as i32);
            let (across_warp, across_weft) = (u - i as f32 - 0.5, v - j as f32 - 0.5);
            let side = |i: i32, j: i32| if self.binding.warp_on_top(i, j) { 1.0 } else { -1.0 };
            // Between two crossings a yarn passes smoothly from one side of the cloth to the other.
            let here = side(i, j);
            let passing = |next: f32, distance: f32| {
                let t = draw::step(0.15, 0.85, distance.abs());
                here + (next - here) * t
            };
            let warp_level = passing(side(i, j + across_weft.signum() as i32), across_weft);
            let weft_level = -passing(side(i + across_warp.signum() as i32, j), across_warp);
            let yarn = |kind: usize, across: f32, level: f32| {
                let width = 0.5 * self.cover[kind] * (1.0 + 0.5 * self.slub * thick[kind]);
                let section = 1.0 - (across / width).powi(2);
                if section > 0.0 { section.sqrt() * 0.9 + 0.75 * level } else { f32::NEG_INFINITY }
            };
            let warp = yarn(0, across_warp, warp_level);
            let weft = yarn(1, across_weft, weft_level);
            let ground = -1.1;
            if warp.max(weft) < ground {
                return (draw::shade(draw::mix(self.dye[0], self.dye[1], 0.5), 0.25), ground * height);
            }
            let (kind, top, number) = if warp >= weft { (0, warp, i) } else { (1, weft, j) };
            let own = cell_value(number, kind, seed) - 0.5;
            // Twisted fibres run aslant over the yarn.
            let (along, across) = if kind == 0 {
                (v * self.pitch[1], across_warp * self.pitch[0])
            } else {
                (u * self.pitch[0], across_weft * self.pitch[1])
            };
            let ply = (3.0 * along / mean_pitch + 5.5 * across / mean_pitch).sin();
            let noise = fibre[kind as usize];
            let tone = 1.0 + self.slub * (own + 0.4 * thick[kind as usize]) + self.twist * (0.3 * ply + 0.35 * noise);
            let striped = self.stripe > 0 && number.rem_euclid(self.stripe) == 0;
            let dye = self.dye[if striped { 1 - kind as usize } else { kind as usize }];
            (draw::shade(dye, tone), height * (top + self.twist * 0.25 * ply))
        })
    }
}
