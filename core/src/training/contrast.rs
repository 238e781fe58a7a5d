//! Contrast: whole images or positions in the contrastive term, and which embedders count in the score and in the map.

use super::folds::Fold;
use crate::scoring::distances::Weights;

choices! {
    /// Setting for the contrastive term: it compares whole images or positions.
    #[serde(rename_all = "lowercase")]
    #[strum(serialize_all = "lowercase")]
    pub enum Contrast {
        /// Whole images, good or defective: the paper's
        Image,
        /// Positions, covered by the defect or not
        Position,
        /// Whole images for the score, and positions in one more embedder for the anomaly map
        Both,
    }
}

/// Contrast of one embedder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contrasted {
    /// Whole images.
    Image,
    /// Positions.
    Position,
}

impl Contrast {
    /// Folds of all embedders, for the `folds` of those that count in the score. A further embedder for the map has the
    /// first fold.
    pub fn folds(self, mut folds: Vec<Fold>) -> Vec<Fold> {
        if self == Self::Both {
            folds.extend(folds.first().cloned());
        }
        folds
    }

    /// Contrast of embedder number `index` of `count`, from 0.
    pub fn of(self, index: usize, count: usize) -> Contrasted {
        match self {
            Self::Image => Contrasted::Image,
            Self::Both if index + 1 < count => Contrasted::Image,
            Self::Position | Self::Both => Contrasted::Position,
        }
    }

    /// Tells whether embedder number `index` of `count` counts in the score.
    pub fn scores(self, index: usize, count: usize) -> bool {
        self != Self::Both || self.of(index, count) == Contrasted::Image
    }

    /// Tells whether embedder number `index` of `count` counts in the anomaly map.
    pub fn maps(self, index: usize, count: usize) -> bool {
        self != Self::Both || self.of(index, count) == Contrasted::Position
    }

    /// Weights of embedder number `index` of `count`, whose distances have the mean `mean` over good photos. Each embedder
    /// that counts has a mean of 1, and those that count have equal weights that sum to 1.
    pub(super) fn weights(self, mean: f64, index: usize, count: usize) -> Weights {
        let weight = |counts: &dyn Fn(usize) -> bool| {
            let all = (0..count).filter(|other| counts(*other)).count();
            if counts(index) { (1.0 / (all.max(1) as f64 * mean)) as f32 } else { 0.0 }
        };
        Weights { score: weight(&|index| self.scores(index, count)), map: weight(&|index| self.maps(index, count)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_more_embedder_has_the_map() {
        let fold = |photo| Fold { train: vec![0, 1], held_out: vec![photo] };
        let folds = Contrast::Both.folds(vec![fold(7), fold(8)]);
        assert_eq!(folds, [fold(7), fold(8), fold(7)]);
        assert_eq!(Contrast::Image.folds(vec![fold(7), fold(8)]).len(), 2);
        let shares = |contrast: Contrast, count: usize| -> (Vec<f32>, Vec<f32>) {
            let weights = (0..count).map(|index| contrast.weights(2.0, index, count));
            weights.map(|Weights { score, map }| (score, map)).unzip()
        };
        assert_eq!(shares(Contrast::Both, 3), (vec![0.25, 0.25, 0.0], vec![0.0, 0.0, 0.5]));
        for contrast in [Contrast::Position, Contrast::Image] {
            assert_eq!(shares(contrast, 2), (vec![0.25; 2], vec![0.25; 2]));
        }
    }
}
