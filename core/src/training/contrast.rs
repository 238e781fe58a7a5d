//! Contrast: the choice between whole images and positions in the contrastive term, and the weights of the members.

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
        /// The members take turns: positions, positions, whole images, and again
        Turns,
    }
}

/// Contrast of one member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contrasted {
    /// Whole images.
    Image,
    /// Positions.
    Position,
}

impl Contrast {
    /// Contrast of member number `member`, from 0.
    pub fn of(self, member: u32) -> Contrasted {
        match self {
            Self::Image => Contrasted::Image,
            Self::Turns if member % 3 == 2 => Contrasted::Image,
            Self::Position | Self::Turns => Contrasted::Position,
        }
    }

    /// Tells whether the member counts in the anomaly map. Members that compare whole images count only if all members
    /// do so.
    ///
    /// Magnetic tile with the shipped extractor (seed 0) has an AUPRO of 0.633 by a map of all six members, and of
    /// 0.695 by a map of the four that compare positions.
    pub fn maps(self, member: u32) -> bool {
        self == Self::Image || self.of(member) == Contrasted::Position
    }

    /// Weights of a member among `members`. Each sums to 1 over all members.
    ///
    /// In the score, members that compare positions have half of the weight, and members that compare whole images the
    /// other half. A held-out photo of the threshold has the same halves: one member of each kind held it out.
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
