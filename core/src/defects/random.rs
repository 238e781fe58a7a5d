//! Distributions that more than one kind of defect draws from.

use std::ops::RangeInclusive;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Random number in `range`, which lies above 0, with a uniform logarithm. Each factor of two is equally likely.
pub fn log_uniform(range: RangeInclusive<f32>, rng: &mut ChaCha8Rng) -> f32 {
    rng.random_range(range.start().ln()..=range.end().ln()).exp()
}

/// Sum of twelve uniform numbers minus 6 (Irwin and Hall's distribution). It is nearly normal, with mean 0 and deviation
/// 1, and lies within +-6.
pub fn irwin_hall(rng: &mut ChaCha8Rng) -> f32 {
    (0..12).map(|_| rng.random::<f32>()).sum::<f32>() - 6.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn distributions_are_those_named() {
        let rng = &mut ChaCha8Rng::seed_from_u64(0);
        let draws: Vec<f32> = (0..4000).map(|_| log_uniform(0.5..=8.0, rng)).collect();
        assert!(draws.iter().all(|draw| (0.499..=8.001).contains(draw)));
        let below_two = draws.iter().filter(|&&draw| draw < 2.0).count();
        assert!((1850..2150).contains(&below_two), "{below_two}");

        let draws: Vec<f32> = (0..4000).map(|_| irwin_hall(rng)).collect();
        let mean = draws.iter().sum::<f32>() / 4000.0;
        let variance = draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f32>() / 4000.0;
        assert!(mean.abs() < 0.07 && (variance - 1.0).abs() < 0.1, "{mean} {variance}");
    }
}
