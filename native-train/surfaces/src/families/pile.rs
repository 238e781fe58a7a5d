//! Soft surfaces: carpet tufts, foam cells, felt and sand-like speckle.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::cells::Cells;
use crate::draw::{self, Rgb};
use crate::field::{Field, Fractal, Size};
use crate::frame::Frame;
use crate::surface::Surface;

/// Kind of soft surface.
#[derive(Clone, Copy, Debug)]
pub enum Make {
    /// Upright tufts in rows; `disorder` 0 is a machine's lattice, 1 a shag.
    Carpet { disorder: f32 },
    /// Open cells between struts.
    Foam,
    /// Grains stuck to a sheet: abrasive paper, plaster, roofing felt.
    Grit,
}

/// A soft or grainy surface.
#[derive(Clone, Copy, Debug)]
pub struct Pile {
    /// Kind.
    pub make: Make,
    /// Width of a tuft, cell or grain, pixels, 2.5..20.
    pub unit: f32,
    /// Direction, radians.
    pub angle: f32,
    /// Colours, mixed at random per unit.
    pub tones: [Rgb; 2],
    /// Share of units with the second colour, 0..0.5.
    pub second: f32,
    /// Visible fibres or dust, 0.02..0.3.
    pub fuzz: f32,
    /// Height of a unit as a part of its width, 0.1..0.5.
    pub height: f32,
    /// Traces of treading and pressing, 0..0.2.
    pub cloud: f32,
}

impl Pile {
    /// Draws a random surface of this family.
    pub fn sample(rng: &mut ChaCha8Rng) -> Self {
        let make = match rng.random_range(0..4) {
            0 | 1 => Make::Carpet { disorder: rng.random_range(0.15..1.0) },
            2 => Make::Foam,
            _ => Make::Grit,
        };
        let first = draw::dye(rng);
        let second = if rng.random_bool(0.5) { draw::shade(first, draw::scale(rng, 0.5, 1.5)) } else { draw::dye(rng) };
        Self {
            make,
            unit: draw::scale(rng, 2.8, 16.0),
            angle: draw::mounting(rng),
            tones: [first, second],
            second: rng.random_range(0.0..0.5),
            fuzz: rng.random_range(0.03..0.25),
            height: rng.random_range(0.12..0.45),
            cloud: rng.random_range(0.01..0.1),
        }
    }

    /// Draws a piece of the surface.
    pub fn surface(&self, size: Size, rng: &mut ChaCha8Rng) -> Surface {
        let seed: u32 = rng.random();
        let frame = Frame::anywhere(size, self.angle, 1000.0, rng);
        let fibre = Field::fractal(size, Fractal { largest: 3.0, smallest: 1.0, smoothness: 0.2, stretch: 1.0 }, rng);
        let cloud = Field::fractal(size, Fractal { largest: 80.0, smallest: 10.0, smoothness: 0.6, stretch: 1.0 }, rng);
        let cell = [1.4 * self.unit; 2];
        let bend = [Field::smooth(size, cell, rng), Field::smooth(size, cell, rng)];
        let disorder = match self.make {
            Make::Carpet { disorder } => disorder,
            Make::Foam => 0.9,
            Make::Grit => 1.0,
        };
        let mut cells = Cells::new(disorder, seed);
        Surface::from_fn(size, 0.0, |x, y| {
            let p = y * size.width + x;
            let [px, py] = frame.at(x as f32, y as f32);
            let (du, dv) = (0.2 * bend[0].values[p], 0.2 * bend[1].values[p]);
            let noise = fibre.values[p];
            let tone = 1.0 + self.cloud * cloud.values[p] + self.fuzz * noise;
            let (u, v) = (px / self.unit, py / self.unit);
            let pick = |value: f32| if value < self.second { self.tones[1] } else { self.tones[0] };
            let scale = self.height * self.unit;
            match self.make {
                Make::Carpet { .. } => {
                    let tuft = cells.at(u + disorder * du, v + disorder * dv);
                    let dome = (1.0 - 1.6 * tuft.nearest * tuft.nearest).max(-0.3);
                    let own = 0.9 + 0.2 * tuft.value(seed ^ 1);
                    let colour = draw::shade(pick(tuft.value(seed)), tone * own * (0.75 + 0.25 * dome));
                    (colour, scale * (dome + 0.5 * self.fuzz * noise + 0.3 * tuft.value(seed ^ 1)))
                }
                Make::Foam => {
                    let pore = cells.at(u + du, v + dv);
                    let strut = 1.0 - draw::step(0.04, 0.22, pore.inside());
                    let depth = 0.55 + 0.45 * pore.value(seed);
                    let colour = draw::shade(self.tones[0], tone * (1.0 - 0.5 * depth * (1.0 - strut)));
                    (colour, scale * (strut * 0.8 - depth * (1.0 - strut)))
                }
                Make::Grit => {
                    let grain = cells.at(u, v);
                    let radius = 0.25 + 0.35 * grain.value(seed ^ 2);
                    let dome = (1.0 - (grain.nearest / radius).powi(2)).max(0.0);
                    let own = 0.8 + 0.4 * grain.value(seed ^ 1);
                    let colour = if dome > 0.0 { pick(grain.value(seed)) } else { draw::shade(self.tones[0], 0.8) };
                    (draw::shade(colour, tone * own), scale * dome.sqrt())
                }
            }
        })
    }
}
