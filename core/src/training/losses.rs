//! Losses (paper, section 3.4): the contrastive term of the embeddings and the decoder term of the feature maps.

use crate::network::features::Features;
use burn::tensor::{Tensor, activation};

choices! {
    /// Vectors whose cosine is compared between two embeddings.
    #[derive(Default)]
    #[serde(rename_all = "lowercase")]
    #[strum(serialize_all = "lowercase")]
    pub enum Grouping {
        /// The 64 channels at each position, as in the score
        #[default]
        Position,
        /// The 7 columns of each row in each channel, as in the authors' released code
        Rows,
    }
}

/// Least norm that is divided by: the epsilon of PyTorch's `cosine_similarity`.
const COSINE_EPSILON: f64 = 1e-8;
/// Least norm that is divided by: the epsilon of PyTorch's `normalize`.
const NORMALISE_EPSILON: f64 = 1e-12;

/// Mean cosine of each pair: `[n, c, h, w]` twice to `[n]`, -1 to 1.
pub fn mean_cosine(a: Tensor<4>, b: Tensor<4>, grouping: Grouping) -> Tensor<1> {
    let dim = match grouping {
        Grouping::Position => 1,
        Grouping::Rows => 3,
    };
    let norm = |x: &Tensor<4>| x.clone().square().sum_dim(dim).sqrt().clamp_min(COSINE_EPSILON);
    let cosine = (a.clone() * b.clone()).sum_dim(dim) / (norm(&a) * norm(&b));
    let n = cosine.dims()[0];
    cosine.flatten::<2>(1, 3).mean_dim(1).reshape([n])
}

/// Contrastive term of whole images, summed over the batch as in the authors' released code. `a` and `b` are embeddings
/// `[n, c, h, w]`. `defective`, `[n]`, is 1 where `b` has a defect, else 0. A pair costs `1 - cos` where `b` is good, and
/// `(1 + cos) / 2` where it has a defect.
pub fn contrastive(a: Tensor<4>, b: Tensor<4>, defective: Tensor<1>, grouping: Grouping) -> Tensor<1> {
    let cosine = mean_cosine(a, b, grouping);
    let normal = (cosine.clone().neg() + 1.0) * (defective.clone().neg() + 1.0);
    let anomalous = (cosine + 1.0) * 0.5 * defective;
    (normal + anomalous).sum()
}

/// Contrastive term position by position, for defects whose place is known, summed over the batch. Not in the paper: a
/// pretraining of an extractor uses it.
/// `a` and `b` are embeddings `[n, c, h, w]`. `cover`, `[n, 1, h, w]`, is the share of each position that the defect of
/// `b` covers, 0 for a good `b`.
///
/// A covered position costs `(1 + cos) / 2`. Its weight grows with the share up to 20 %, and the costs are
/// averaged, so that a small defect weighs as much as a large one. An untouched position costs `1 - cos`, and the sum is
/// divided by the number of all positions.
pub fn contrastive_by_position(a: Tensor<4>, b: Tensor<4>, cover: Tensor<4>) -> Tensor<1> {
    let norm = |x: &Tensor<4>| x.clone().square().sum_dim(1).sqrt().clamp_min(COSINE_EPSILON);
    let cosine = (a.clone() * b.clone()).sum_dim(1) / (norm(&a) * norm(&b));
    let [n, _, height, width] = cover.dims();
    let positions = height * width;
    let flat = |x: Tensor<4>| x.reshape([n, positions]);
    let (cosine, cover) = (flat(cosine), flat(cover));
    let defective = cover.clone().div_scalar(FULL_COVER).clamp_max(1.0);
    let normal = cover.div_scalar(TOUCHED_COVER).clamp_max(1.0).neg().add_scalar(1.0);
    let of_defect = (defective.clone() * (cosine.clone() + 1.0) * 0.5).sum_dim(1) / (defective.sum_dim(1) + 1e-3);
    let of_rest = (normal * (cosine.neg() + 1.0)).sum_dim(1) / positions as f64;
    (of_defect + of_rest).sum()
}

/// Classification loss of whole images, which replaces the contrastive term. It is the cross-entropy of an image's mean
/// probability of a defect, summed over the batch. `logits` are `[n, 1, h, w]`, and `defective`, `[n]`, is 1 or 0.
pub fn classification(logits: Tensor<4>, defective: Tensor<1>) -> Tensor<1> {
    let n = logits.dims()[0];
    let probability = activation::sigmoid(logits).flatten::<2>(1, 3).mean_dim(1).reshape([n]);
    let surprise = |probability: Tensor<1>| probability.clamp_min(PROBABILITY_EPSILON).log().neg();
    let normal = surprise(probability.clone().neg() + 1.0) * (defective.clone().neg() + 1.0);
    (normal + surprise(probability) * defective).sum()
}

/// Least probability whose logarithm is taken.
const PROBABILITY_EPSILON: f64 = 1e-7;

/// Share of a position that a defect must cover for its full weight.
const FULL_COVER: f64 = 0.2;
/// Share of a position that a defect must cover so that the position does not count as good.
const TOUCHED_COVER: f64 = 0.02;

/// Decoder term, summed over the batch: half the squared distance of two channel-normalised maps, as the mean over
/// positions and over both feature maps.
pub fn decoder(decoded: Features, features: Features) -> Tensor<1> {
    (map_distance(decoded.stage5, features.stage5) + map_distance(decoded.stage7, features.stage7)) * 0.5
}

fn map_distance(decoded: Tensor<4>, feature: Tensor<4>) -> Tensor<1> {
    let [_, _, height, width] = feature.dims();
    (normalise(decoded) - normalise(feature)).square().sum() * (0.5 / (height * width) as f64)
}

fn normalise(x: Tensor<4>) -> Tensor<4> {
    let norm = x.clone().square().sum_dim(1).sqrt().clamp_min(NORMALISE_EPSILON);
    x / norm
}
