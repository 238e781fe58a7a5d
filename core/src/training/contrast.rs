//! Contrast: what the contrastive term compares, and the weights of the embedders that compare it.

use crate::scoring::distances::Weights;

choices! {
    /// What the contrastive term compares.
    #[serde(rename_all = "lowercase")]
    #[strum(serialize_all = "lowercase")]
    pub enum Contrast {
        /// Whole images, good or defective: the paper's
        Image,
        /// Positions, covered by the defect or not
        Position,
        /// The members take turns: positions, positions, whole images, and again
        Turns,
    }
}

/// What one member's contrastive term compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contrasted {
    /// Whole images.
    Image,
    /// Positions.
    Position,
}

impl Contrast {
    /// What member number `member`, from 0, compares.
    pub fn of(self, member: u32) -> Contrasted {
        match self {
            Self::Image => Contrasted::Image,
            Self::Turns if member % 3 == 2 => Contrasted::Image,
            Self::Position | Self::Turns => Contrasted::Position,
        }
    }

    /// Whether the member counts in the anomaly map. Members that compare whole images count only where all do. With the
    /// shipped extractor, magnetic tile has an AUPRO of 0.633 by a map of all six members, and of 0.695 by a map of the four
    /// that compare positions (seed 0).
    pub fn maps(self, member: u32) -> bool {
        self == Self::Image || self.of(member) == Contrasted::Position
    }

    /// Weights of a member among `members`. Each sums to 1 over all members.
    ///
    /// In the score, members that compare positions and members that compare whole images have half of the weight each,
    /// however many there are. The threshold rests on photos that one of each kind held out, whose scores have these halves.
    pub fn weights(self, member: u32, members: u32) -> (f64, f64) {
        let alike = (0..members).filter(|other| self.of(*other) == self.of(member)).count();
        let kinds = if alike == members as usize { 1 } else { 2 };
        let mapping = (0..members).filter(|other| self.maps(*other)).count();
        let map = if self.maps(member) { 1.0 / mapping.max(1) as f64 } else { 0.0 };
        (1.0 / (kinds * alike.max(1)) as f64, map)
    }

    /// Weights of a member's distances, whose mean over good photos is `mean`: divided by it, so that each member's
    /// distances have a mean of 1.
    pub(super) fn weights_over(self, mean: f64, member: u32, members: u32) -> Weights {
        let (score, map) = self.weights(member, members);
        Weights { score: (score / mean) as f32, map: (map / mean) as f32 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_have_half_of_the_score_and_one_has_the_map() {
        let shares = |contrast: Contrast, members: u32| -> (Vec<f64>, Vec<f64>) {
            (0..members).map(|member| contrast.weights(member, members)).unzip()
        };
        let third = 1.0 / 3.0;
        assert_eq!(shares(Contrast::Turns, 6).0, [0.125, 0.125, 0.25, 0.125, 0.125, 0.25]);
        assert_eq!(shares(Contrast::Turns, 6).1, [0.25, 0.25, 0.0, 0.25, 0.25, 0.0]);
        assert_eq!(shares(Contrast::Turns, 2).0, [0.5, 0.5]);
        assert_eq!(shares(Contrast::Turns, 1), (vec![1.0], vec![1.0]));
        for contrast in [Contrast::Position, Contrast::Image] {
            assert_eq!(shares(contrast, 3), (vec![third; 3], vec![third; 3]));
        }
    }
}
