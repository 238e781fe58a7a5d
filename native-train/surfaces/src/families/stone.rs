//! Stone: granite, concrete, marble, terrazzo.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::cells::Cells;
use crate::draw::{self, Rgb};
use crate::field::{Field, Fractal, Size};
use crate::frame::Frame;
use crate::surface::Surface;

/// A kind of stone.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Grown-together mineral grains.
    Granite,
    /// Cement with sand and pores of this share of the surface, 0..0.05.
    Concrete { pores: f32 },
    /// Clouds and veins.
    Marble { veins: f32 },
    /// Chips in a binder.
    Terrazzo { binder: f32 },
}

/// A stone surface.
#[derive(Clone, Copy, Debug)]
pub struct Stone {
    /// Kind of stone.
    pub kind: Kind,
    /// Size of grains, clouds or chips, pixels, 3..60.
    pub grain: f32,
    /// Colours of up to four minerals, the most frequent first.
    pub minerals: [Rgb; 4],
    /// Roughness of the cut, pixels, 0..1.
    pub rough: f32,
    /// Polish, 0..0.4.
    pub gloss: f32,
}

impl Stone {
    /// Draws a random stone.
    pub fn sample(rng: &mut ChaCha8Rng) -> Self {
        let kind = match rng.random_range(0..5) {
            0 | 1 => Kind::Granite,
            2 => Kind::Concrete { pores: rng.random_range(0.0..0.05) },
            3 => Kind::Marble { veins: rng.random_range(0.3..1.0) },
            _ => Kind::Terrazzo { binder: rng.random_range(0.04..0.2) },
        };
        let base = match rng.random_range(0..3) {
            0 => draw::near_hue(rng, 50.0, 25.0, [0.45, 0.85], [0.02, 0.09]),
            _ => draw::tinted_grey(rng, [0.4, 0.9]),
        };
        let minerals = [
            base,
            draw::shade(base, draw::scale(rng, 0.5, 1.6)),
            draw::tinted_grey(rng, [0.15, 0.45]),
            draw::near_hue(rng, 60.0, 40.0, [0.5, 0.95], [0.0, 0.1]),
        ];
        let grain = match kind {
            Kind::Granite => draw::scale(rng, 3.0, 22.0),
            Kind::Terrazzo { .. } => draw::scale(rng, 8.0, 50.0),
            _ => draw::scale(rng, 12.0, 80.0),
        };
        Self {
            kind,
            grain,
            minerals,
            rough: 0.6 * rng.random::<f32>().powi(2),
            gloss: 0.3 * rng.random::<f32>().powi(2),
        }
    }

    /// Draws a piece of the stone.
    pub fn surface(&self, size: Size, rng: &mut ChaCha8Rng) -> Surface {
        let seed: u32 = rng.random();
        let grit = Field::fractal(size, Fractal { largest: 4.0, smallest: 1.0, smoothness: 0.1, stretch: 1.0 }, rng);
        let cell = [0.7 * self.grain; 2];
        let bend = [Field::smooth(size, cell, rng), Field::smooth(size, cell, rng)];
        let frame = Frame::anywhere(size, 0.0, 4000.0, rng);
        let cloud = Fractal { largest: 5.0 * self.grain, smallest: 2.0, smoothness: 0.6, stretch: 1.0 };
        let cloud = Field::fractal(size, cloud, rng);
        let vein = Fractal { largest: 4.0 * self.grain, smallest: 3.0, smoothness: 0.9, stretch: 1.6 };
        let vein = Field::fractal(size, vein, rng);
        let mut large = Cells::new(if matches!(self.kind, Kind::Granite) { 1.0 } else { 0.95 }, seed);
        let mut small = Cells::new(
            1.0,
            match self.kind {
                Kind::Granite => seed ^ 5,
                Kind::Concrete { .. } => seed ^ 3,
                Kind::Marble { .. } | Kind::Terrazzo { .. } => seed ^ 2,
            },
        );
        Surface::from_fn(size, self.gloss, |x, y| {
            let p = y * size.width + x;
            let [u, v] = frame.at(x as f32, y as f32);
            let (du, dv) = (0.3 * bend[0].values[p], 0.3 * bend[1].values[p]);
            let noise = grit.values[p];
            let mut height = self.rough * noise;
            let colour = match self.kind {
                Kind::Granite => {
                    let grain = large.at(u / self.grain + du, v / self.grain + dv);
                    let pick = grain.value(seed) + 0.08 * cloud.values[p];
                    let mut colour = if pick < 0.5 {
                        self.minerals[0]
                    } else if pick < 0.75 {
                        self.minerals[1]
                    } else if pick < 0.9 {
                        self.minerals[2]
                    } else {
                        self.minerals[3]
                    };
                    // Small dark mica flakes lie between the large grains.
                    let flake = small.at(2.3 * u / self.grain - du, 2.3 * v / self.grain);
                    if flake.value(seed ^ 5) > 0.88 {
                        colour = draw::mix(colour, self.minerals[2], 0.85);
                    }
                    let tone = 0.9 + 0.25 * grain.value(seed ^ 9) + 0.05 * noise + 0.05 * cloud.values[p];
                    draw::shade(colour, tone * (0.9 + 0.1 * draw::step(0.0, 0.1, grain.inside())))
                }
                Kind::Concrete { pores } => {
                    let tone = 1.0 + 0.1 * cloud.values[p] + 0.07 * noise;
                    let mut colour = draw::shade(self.minerals[0], tone);
                    let sand = small.at(u / 4.0, v / 4.0);
                    if sand.value(seed ^ 3) > 0.85 {
                        colour = draw::mix(colour, self.minerals[1], 0.5 * (1.0 - draw::step(0.2, 0.45, sand.nearest)));
                    }
                    height += 0.25 * cloud.values[p];
                    let pore = large.at(u / 14.0, v / 14.0);
                    let size = pore.value(seed);
                    if pores > 0.0 && size > 1.0 - 9.0 * pores {
                        let radius = 0.08 + 0.3 * pore.value(seed ^ 7).powi(2);
                        let hole = 1.0 - draw::step(0.7 * radius, radius + 0.05, pore.nearest);
                        colour = draw::shade(colour, 1.0 - 0.45 * hole);
                        height -= 2.5 * hole;
                    }
                    colour
                }
                Kind::Marble { veins } => {
                    let clouded = 0.5 + 0.25 * cloud.values[p];
                    let colour = draw::mix(self.minerals[0], draw::shade(self.minerals[0], 0.7), clouded);
                    let line = 1.0 - draw::step(0.0, 0.28, (vein.values[p] + 0.25 * cloud.values[p]).abs());
                    let thin = 1.0 - draw::step(0.0, 0.05, (vein.values[p] - 0.6 + 0.3 * cloud.values[p]).abs());
                    let amount =
                        veins * (0.55 * line * line + 0.5 * thin) * (0.6 + 0.3 * cloud.values[p]).clamp(0.1, 1.0);
                    draw::shade(draw::mix(colour, self.minerals[2], amount), 1.0 + 0.015 * noise)
                }
                Kind::Terrazzo { binder } => {
                    let chip = large.at(u / self.grain + du, v / self.grain + dv);
                    let small = small.at(3.1 * u / self.grain, 3.1 * v / self.grain);
                    let solid =
                        draw::step(binder, binder + 1.2 / self.grain, chip.inside() - 0.12 * chip.value(seed ^ 4));
                    let pick = |value: f32| self.minerals[1 + (value * 2.999) as usize];
                    let mut ground = draw::shade(self.minerals[0], 1.0 + 0.04 * noise + 0.03 * cloud.values[p]);
                    if small.value(seed ^ 2) > 0.7 {
                        let inside = draw::step(0.12, 0.12 + 4.0 / self.grain, small.inside());
                        ground = draw::mix(ground, pick(small.value(seed ^ 6)), inside);
                    }
                    let tone = 0.9 + 0.2 * chip.value(seed ^ 8) + 0.06 * cloud.values[p] + 0.02 * noise;
                    draw::mix(ground, draw::shade(pick(chip.value(seed)), tone), solid)
                }
            };
            (colour, height)
        })
    }
}
