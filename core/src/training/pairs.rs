//! Pairs of windows that a training step contrasts (paper, section 3.4).

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::feature_store::Slot;
use super::training_set::Sample;

/// Most pairs to validate with. More do not change which step is kept.
const VALIDATION_PAIRS: usize = 160;

/// Two windows. The first is good.
#[derive(Clone, Copy)]
pub(super) struct Pair {
    /// The first window.
    pub a: Slot,
    /// The second window.
    pub b: Slot,
    /// True where the second window has a defect.
    pub defective: bool,
}

/// Endless training pairs. The first window goes through all samples in a new order each time. The second is any other,
/// with a defect in half of the pairs.
pub(super) struct Pairs<'a> {
    samples: Vec<&'a Sample>,
    /// Indices of the samples that have defects.
    with_defects: Vec<usize>,
    order: Vec<usize>,
    rng: ChaCha8Rng,
}

impl<'a> Pairs<'a> {
    pub fn new(samples: Vec<&'a Sample>, seed: u64) -> Self {
        let with_defects = (0..samples.len()).filter(|sample| !samples[*sample].defective.is_empty()).collect();
        Self { samples, with_defects, order: Vec::new(), rng: ChaCha8Rng::seed_from_u64(seed) }
    }

    pub fn draw(&mut self) -> Pair {
        if self.order.is_empty() {
            self.order = (0..self.samples.len()).collect();
            self.order.shuffle(&mut self.rng);
        }
        let a = self.order.pop().unwrap_or(0);
        let b = (a + self.rng.random_range(1..self.samples.len().max(2))) % self.samples.len();
        let defective = self.rng.random::<bool>() && !self.with_defects.is_empty();
        let b = if defective {
            // Varied copies have no defects. Another sample has them instead.
            let has = !self.samples[b].defective.is_empty();
            let b = if has { b } else { self.with_defects[self.rng.random_range(0..self.with_defects.len())] };
            let defects = &self.samples[b].defective;
            defects[self.rng.random_range(0..defects.len())]
        } else {
            self.samples[b].normal
        };
        Pair { a: self.samples[a].normal, b, defective }
    }
}

/// Pairs of every validation: each held-out window with another one, good and with each of its defects. A single window is
/// paired with one to train on.
pub(super) fn validation_pairs(train: &[&Sample], held_out: &[&Sample], seed: u64) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for (index, sample) in held_out.iter().enumerate() {
        let other = if held_out.len() > 1 { held_out[(index + 1) % held_out.len()] } else { train[0] };
        pairs.push(Pair { a: sample.normal, b: other.normal, defective: false });
        pairs.extend(sample.defective.iter().map(|defect| Pair { a: other.normal, b: *defect, defective: true }));
    }
    pairs.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    pairs.truncate(VALIDATION_PAIRS);
    pairs
}
