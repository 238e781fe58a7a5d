//! Wood: growth rings cut by a board, fibres and pores along the grain.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::draw::{self, Rgb};
use crate::field::{Field, Fractal, Size};
use crate::frame::{Frame, TurnedFields};
use crate::surface::Surface;

/// A wood and the way the board was sawn.
#[derive(Clone, Copy, Debug)]
pub struct Wood {
    /// Mean distance of growth rings, pixels, 5..70.
    pub ring: f32,
    /// Direction of the grain, radians.
    pub angle: f32,
    /// Curvature of the rings, from 0 for straight ones (quarter-sawn) to 1 for arches over the board (flat-sawn).
    pub arch: f32,
    /// Displacement of the grain, in ring widths, 0..1.5.
    pub wander: f32,
    /// Colours of early and late wood.
    pub tones: [Rgb; 2],
    /// Strength of the fibre streaks, 0.02..0.2.
    pub fibre: f32,
    /// Length of a fibre streak, pixels, 20..120.
    pub fibre_length: f32,
    /// Share of the surface covered by pores, 0..0.12.
    pub pores: f32,
    /// Depth of the pores, pixels, 0..1.
    pub pore_depth: f32,
    /// Varnish, 0..0.2.
    pub gloss: f32,
}

impl Wood {
    /// Draws a random wood.
    pub fn sample(rng: &mut ChaCha8Rng) -> Self {
        let early = draw::near_hue(rng, 68.0, 9.0, [0.45, 0.86], [0.03, 0.11]);
        let darker = rng.random_range(0.35..0.85);
        let late =
            draw::mix(draw::shade(early, darker), draw::near_hue(rng, 50.0, 8.0, [0.3, 0.5], [0.05, 0.11]), 0.25);
        Self {
            ring: draw::scale(rng, 5.0, 60.0),
            angle: draw::mounting(rng),
            arch: rng.random::<f32>().powi(2),
            wander: rng.random_range(0.2..1.2),
            tones: [early, late],
            fibre: rng.random_range(0.03..0.14),
            fibre_length: draw::scale(rng, 20.0, 110.0),
            pores: if rng.random_bool(0.6) { rng.random_range(0.01..0.1) } else { 0.0 },
            pore_depth: rng.random_range(0.1..0.7),
            gloss: 0.15 * rng.random::<f32>().powi(2),
        }
    }

    /// Draws a piece of the board.
    pub fn surface(&self, size: Size, rng: &mut ChaCha8Rng) -> Surface {
        let arch_length = 14.0 * self.ring;
        let frame = Frame::anywhere(size, self.angle, 40.0 * self.ring, rng);
        let fields = TurnedFields::new(size, self.angle, |square| {
            let mut along = |length: f32, width: f32, smallest: f32| {
                let stretch = length / width;
                let mean = (length * width).sqrt();
                let smallest = (smallest * stretch.sqrt()).min(mean);
                Field::fractal(square, Fractal { largest: mean, smallest, smoothness: 0.6, stretch }, rng)
            };
            let wander = along(12.0 * self.ring, 2.5 * self.ring, 1.5 * self.ring);
            let width = along(400.0, 1.3 * self.ring, self.ring);
            let fibre = along(self.fibre_length, 3.0, 1.0);
            let pore = along(14.0, 1.6, 1.6);
            [wander, width, fibre, pore]
        });
        // The normal quantile at 1 - pores, by its tail approximation (Abramowitz and Stegun 26.2.22).
        let t = (-2.0 * self.pores.max(1e-6).ln()).sqrt();
        let threshold = t - (2.30753 + 0.27061 * t) / (1.0 + 0.99229 * t + 0.04481 * t * t);
        Surface::from_fn(size, self.gloss, |x, y| {
            let [u, v] = frame.at(x as f32, y as f32);
            let [wander, width, streak, pore] = fields.at(x, y);
            let straight = v / self.ring;
            // A saw plane through nested cones: hyperbolas along the grain.
            let centre = (u / arch_length - 1.3) * 3.0;
            let arched = straight.hypot(centre * 1.5) * 1.2;
            let depth = straight + (arched - straight) * self.arch + self.wander * wander + 0.35 * width;
            let phase = depth - depth.floor();
            // A ring darkens slowly through the season and ends at a sharp line.
            let late = draw::step(0.25, 0.92, phase) * (1.0 - draw::step(0.95, 1.0, phase));
            let mut colour = draw::mix(self.tones[0], self.tones[1], 0.85 * late + 0.06 * streak);
            colour = draw::shade(colour, 1.0 + self.fibre * streak);
            let mut height = 0.12 * streak + 0.25 * late;
            if self.pores > 0.0 {
                let open = draw::step(threshold, threshold + 0.5, pore + 0.5 * (0.5 - late));
                colour = draw::shade(colour, 1.0 - 0.55 * open);
                height -= self.pore_depth * open;
            }
            (colour, height)
        })
    }
}
