//! Random programs: a few sources of pattern, combined step by step by random operations. They give patterns that no other
//! family has, because the other families only imitate known materials.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::cells::Cells;
use crate::draw::{self, Rgb};
use crate::field::{Field, Fractal, Size};
use crate::frame::{Frame, TurnedFields};
use crate::surface::Surface;

/// Steps of a program.
const STEPS: usize = 9;
/// Number of first steps that make a pattern without an earlier field.
const SOURCES: usize = 3;

/// One step. It gives a field of values of about -1 to 1, some kinds from the fields of earlier steps.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Power-law noise in a direction (radians).
    Noise { noise: Fractal, angle: f32 },
    /// Straight waves: wavelength in pixels, direction in radians.
    Wave { wavelength: f32, angle: f32 },
    /// Distance to the borders of random cells of a width in pixels, or each cell's own value.
    Cells { width: f32, angle: f32, disorder: f32, flat: bool },
    /// Mean of two fields.
    Mean([usize; 2]),
    /// Product of two fields.
    Product([usize; 2]),
    /// Maximum of two fields.
    Greatest([usize; 2]),
    /// Absolute difference of two fields.
    Difference([usize; 2]),
    /// The field folded over by a sine, with this many turns between -1 and 1.
    Fold(usize, f32),
    /// Two sides of a level, with a border of a softness.
    Edge { of: usize, level: f32, softness: f32 },
    /// First field, displaced in a direction (radians) by the second field times a number of pixels.
    Displaced { of: [usize; 2], angle: f32, reach: f32 },
}

impl Step {
    fn source(rng: &mut ChaCha8Rng) -> Self {
        let angle = draw::direction(rng);
        match rng.random_range(0..4) {
            0 | 1 => {
                let largest = draw::scale(rng, 4.0, 120.0);
                let smallest = draw::scale(rng, 1.0, 6.0).min(largest);
                let stretch = if rng.random_bool(0.5) { 1.0 } else { draw::scale(rng, 1.2, 10.0) };
                let noise = Fractal { largest, smallest, smoothness: rng.random_range(0.2..1.4), stretch };
                Self::Noise { noise, angle }
            }
            2 => Self::Wave { wavelength: draw::scale(rng, 4.0, 90.0), angle },
            _ => {
                let (width, disorder) = (draw::scale(rng, 6.0, 70.0), rng.random::<f32>().sqrt());
                Self::Cells { width, angle, disorder, flat: rng.random_bool(0.4) }
            }
        }
    }

    /// Random step that uses fields of the first `known` steps. Later fields are more likely, so that few remain unused.
    fn operation(known: usize, rng: &mut ChaCha8Rng) -> Self {
        let of = [known - 1, rng.random_range(0..known)];
        match rng.random_range(0..9) {
            0 => Self::Mean(of),
            1 => Self::Product(of),
            2 => Self::Greatest(of),
            3 => Self::Difference(of),
            4 => Self::Fold(of[0], draw::scale(rng, 0.5, 4.0)),
            5 => Self::Edge { of: of[0], level: rng.random_range(-0.5..0.5), softness: draw::scale(rng, 0.03, 0.6) },
            _ => {
                let (angle, reach) = (rng.random_range(0.0..std::f32::consts::TAU), draw::scale(rng, 2.0, 40.0));
                Self::Displaced { of, angle, reach }
            }
        }
    }

    fn field(self, size: Size, known: &[Field], rng: &mut ChaCha8Rng) -> Field {
        let pairwise = |[a, b]: [usize; 2], operation: fn(f32, f32) -> f32| {
            let values = known[a].values.iter().zip(&known[b].values).map(|(a, b)| operation(*a, *b));
            Field { size, values: values.collect() }
        };
        let each = |of: usize, operation: &dyn Fn(f32) -> f32| Field {
            size,
            values: known[of].values.iter().map(|value| operation(*value)).collect(),
        };
        let at_each = |value: &mut dyn FnMut(usize, usize) -> f32| {
            let rows = (0..size.height).flat_map(|y| (0..size.width).map(move |x| (x, y)));
            Field { size, values: rows.map(|(x, y)| value(x, y)).collect() }
        };
        match self {
            Self::Noise { noise, angle } => {
                let turned = TurnedFields::new(size, angle, |square| [Field::fractal(square, noise, rng)]);
                at_each(&mut |x, y| (0.6 * turned.at(x, y)[0]).clamp(-1.5, 1.5))
            }
            Self::Wave { wavelength, angle } => {
                let frame = Frame::anywhere(size, angle, wavelength, rng);
                at_each(&mut |x, y| (std::f32::consts::TAU * frame.at(x as f32, y as f32)[0] / wavelength).sin())
            }
            Self::Cells { width, angle, disorder, flat } => {
                let (seed, frame) = (rng.random(), Frame::anywhere(size, angle, 100.0 * width, rng));
                let mut cells = Cells::new(disorder, seed);
                at_each(&mut |x, y| {
                    let [u, v] = frame.at(x as f32, y as f32).map(|value| value / width);
                    let cell = cells.at(u, v);
                    if flat { 2.0 * cell.value(seed) - 1.0 } else { 4.0 * cell.inside() - 1.0 }
                })
            }
            Self::Mean(of) => pairwise(of, |a, b| 0.5 * (a + b)),
            Self::Product(of) => pairwise(of, |a, b| a * b),
            Self::Greatest(of) => pairwise(of, f32::max),
            Self::Difference(of) => pairwise(of, |a, b| (a - b).abs() - 0.5),
            Self::Fold(of, turns) => each(of, &|value| (std::f32::consts::PI * turns * value).sin()),
            Self::Edge { of, level, softness } => {
                each(of, &|value| 2.0 * draw::step(level - softness, level + softness, value) - 1.0)
            }
            Self::Displaced { of: [a, b], angle, reach } => {
                let (sin, cos) = angle.sin_cos();
                at_each(&mut |x, y| {
                    let far = reach * known[b].values[y * size.width + x];
                    known[a].at(x as f32 + cos * far, y as f32 + sin * far)
                })
            }
        }
    }
}

/// Program with the use of its fields.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    steps: [Step; STEPS],
    /// Steps whose fields are shown: colour, height, tint.
    shown: [usize; 3],
    /// Colours from low to high.
    tones: [Rgb; 3],
    /// Contrast of the colours, 0.1..0.5.
    contrast: f32,
    /// Independent colour variation, 0..0.3.
    tint: f32,
    /// Height, pixels, 0..4.
    relief: f32,
    /// Mirror-like part, 0..0.35.
    gloss: f32,
}

impl Program {
    /// Draws a random program.
    pub fn sample(rng: &mut ChaCha8Rng) -> Self {
        let steps =
            std::array::from_fn(
                |number| {
                    if number < SOURCES { Step::source(rng) } else { Step::operation(number, rng) }
                },
            );
        let first = draw::dye(rng);
        let tones = if rng.random_bool(0.4) {
            [draw::shade(first, 0.5), first, draw::shade(first, 1.5)]
        } else {
            [first, draw::dye(rng), draw::dye(rng)]
        };
        Self {
            steps,
            shown: [STEPS - 1, rng.random_range(SOURCES..STEPS), rng.random_range(0..STEPS)],
            tones,
            contrast: draw::scale(rng, 0.1, 0.5),
            tint: 0.3 * rng.random::<f32>().powi(2),
            relief: 4.0 * rng.random::<f32>().powi(2),
            gloss: 0.35 * rng.random::<f32>().powi(2),
        }
    }

    /// Draws a piece of the surface.
    pub fn surface(&self, size: Size, rng: &mut ChaCha8Rng) -> Surface {
        let mut fields: Vec<Field> = Vec::with_capacity(STEPS);
        for step in self.steps {
            let field = step.field(size, &fields, rng);
            fields.push(field);
        }
        // The photo always shows a pattern, even where the operations give a constant.
        let grain = Field::fractal(size, Fractal { largest: 20.0, smallest: 1.0, smoothness: 0.4, stretch: 1.0 }, rng);
        let [colour, height, tint] = self.shown.map(|step| &fields[step].values);
        Surface::from_fn(size, self.gloss, |x, y| {
            let p = y * size.width + x;
            let t = 0.5 + self.contrast * colour[p];
            let [low, middle, high] = self.tones;
            let own = if t < 0.5 { draw::mix(low, middle, 2.0 * t) } else { draw::mix(middle, high, 2.0 * t - 1.0) };
            let shift = self.tint * tint[p];
            let shade = 1.0 + 0.04 * grain.values[p];
            let tinted = [own[0] * (1.0 + shift), own[1], own[2] * (1.0 - shift)];
            (draw::shade(tinted, shade).map(|c| c.max(0.0)), self.relief * height[p] + 0.05 * grain.values[p])
        })
    }
}
