//! Knitted fabric: stockinette, columns of V-shaped stitches.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::draw::{self, Rgb, cell_value};
use crate::field::{Field, Size};
use crate::frame::{Frame, TurnedFields};
use crate::surface::Surface;

/// A knitted fabric.
#[derive(Clone, Copy, Debug)]
pub struct Knit {
    /// Width and height of a stitch, pixels, 6..34.
    pub stitch: [f32; 2],
    /// Slope of the legs of a stitch, stitch heights per stitch width, 0.8..2.
    pub slant: f32,
    /// Thickness of the yarn as a part of the row height, 0.75..1.1.
    pub cover: f32,
    /// Colour of the yarn.
    pub dye: Rgb,
    /// Colour of every `stripe`-th row.
    pub second: Rgb,
    /// Rows between rows of the second colour, 0: none.
    pub stripe: i32,
    /// Direction, radians.
    pub angle: f32,
    /// Irregularity of the stitches, 0..0.15.
    pub wander: f32,
    /// Visible fibres, 0..0.4.
    pub fuzz: f32,
    /// Purl columns between knit ones (ribbing), 0: none.
    pub rib: i32,
}

impl Knit {
    /// Draws a random knitted fabric.
    pub fn sample(rng: &mut ChaCha8Rng) -> Self {
        let width = draw::scale(rng, 6.0, 30.0);
        Self {
            stitch: [width, width * rng.random_range(0.6..0.95)],
            slant: rng.random_range(0.9..1.8),
            cover: rng.random_range(0.8..1.08),
            dye: draw::dye(rng),
            second: draw::dye(rng),
            stripe: if rng.random_bool(0.2) { rng.random_range(2..9) } else { 0 },
            angle: draw::mounting(rng),
            wander: rng.random_range(0.02..0.12),
            fuzz: rng.random_range(0.05..0.4),
            rib: if rng.random_bool(0.2) { rng.random_range(1..4) } else { 0 },
        }
    }

    /// Draws a piece of the fabric.
    pub fn surface(&self, size: Size, rng: &mut ChaCha8Rng) -> Surface {
        let seed: u32 = rng.random();
        let frame = Frame::anywhere(size, self.angle, 32.0 * self.stitch[0], rng);
        let cell = 2.5 * self.stitch[0];
        let sway = [Field::smooth(size, [cell, cell], rng), Field::smooth(size, [cell, cell], rng)];
        let fibre = TurnedFields::new(size, self.angle, |square| [Field::smooth(square, [1.2, 3.5], rng)]);
        let height = 0.3 * self.stitch[1];
        Surface::from_fn(size, 0.0, |x, y| {
            let p = y * size.width + x;
            let [px, py] = frame.at(x as f32, y as f32);
            let u = px / self.stitch[0] + self.wander * sway[0].values[p];
            let column = u.floor();
            let purl = self.rib > 0 && (column as i32).rem_euclid(2 * self.rib) >= self.rib;
            let leg = (u - column - 0.5).abs();
            let v = py / self.stitch[1] + self.wander * sway[1].values[p] - self.slant * leg;
            let row = v.floor();
            let across = (v - row - 0.5) / (0.5 * self.cover);
            // A leg is widest half-way and slips under its neighbours at both ends.
            let along = (leg - 0.25) / 0.27;
            let section = 1.0 - across * across - 0.75 * along * along;
            let name = [column as i32, row as i32];
            let own = cell_value(name[0], name[1], seed) - 0.5;
            let striped = self.stripe > 0 && name[1].rem_euclid(self.stripe) == 0;
            let dye = if striped { self.second } else { self.dye };
            let ply = (8.0 * across * 0.5 + 9.0 * leg * 2.0).sin();
            let [hair] = fibre.at(x, y);
            let tone = 1.0 + 0.12 * own + self.fuzz * (0.4 * hair + 0.2 * ply);
            let sink = if purl { -0.9 } else { 0.0 };
            if section <= 0.0 {
                return (draw::shade(dye, 0.35 * tone), height * (sink - 0.4));
            }
            (draw::shade(dye, tone), height * (section.sqrt() + sink + 0.1 * self.fuzz * ply))
        })
    }
}
