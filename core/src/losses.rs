//! What training minimises (paper, section 3.4): the contrastive term on `E7` and the decoder term on the features.

use burn::tensor::{Tensor, activation};
use serde::{Deserialize, Serialize};

use crate::efficientnet::Features;

/// Over which vectors the cosine between two embeddings is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Grouping {
    /// At each position, over the 64 channels: as the score takes it.
    #[default]
    Position,
    /// In each channel, over the 7 columns of each row: as the authors' released code takes it.
    Rows,
}

/// PyTorch's `cosine_similarity` epsilon: the smallest norm that is divided by.
const COSINE_EPSILON: f64 = 1e-8;
/// PyTorch's `normalize` epsilon.
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

/// Contrastive term of pairs whose second image is `defective` (1) or normal (0), `[n]`: `1 - cos` for two normal images,
/// `(1 + cos) / 2` for a defective one. Summed over the batch, as the released code does.
pub fn contrastive(a: Tensor<4>, b: Tensor<4>, defective: Tensor<1>, grouping: Grouping) -> Tensor<1> {
    let cosine = mean_cosine(a, b, grouping);
    let normal = (cosine.clone().neg() + 1.0) * (defective.clone().neg() + 1.0);
    let anomalous = (cosine + 1.0) * 0.5 * defective;
    (normal + anomalous).sum()
}

/// Contrastive term position by position, for defects whose place is known; not in the paper. `a` and `b` are embeddings
/// `[n, c, h, w]`, `cover` of `[n, 1, h, w]` is the share of each position that the defect of `b` covers, 0 for a normal `b`.
///
/// What a defect covers is pushed away, `(1 + cos) / 2`, and weighs the more the more of it is covered, up to
/// [`FULL_COVER`], their mean, so that a small defect weighs as much as a large one; what no defect touches is drawn
/// together, `1 - cos`, its sum over the number of all positions. Summed over the batch.
pub fn contrastive_by_position(a: Tensor<4>, b: Tensor<4>, cover: Tensor<4>) -> Tensor<1> {
    let norm = |x: &Tensor<4>| x.clone().square().sum_dim(1).sqrt().clamp_min(COSINE_EPSILON);
    let cosine = (a.clone() * b.clone()).sum_dim(1) / (norm(&a) * norm(&b));
    by_position((cosine.clone() + 1.0) * 0.5, cosine.neg() + 1.0, cover)
}

/// Joins what positions cost where a defect covers them and where none touches them, all `[n, 1, h, w]`.
fn by_position(covered: Tensor<4>, untouched: Tensor<4>, cover: Tensor<4>) -> Tensor<1> {
    let [n, _, height, width] = cover.dims();
    let positions = height * width;
    let flat = |x: Tensor<4>| x.reshape([n, positions]);
    let (covered, untouched, cover) = (flat(covered), flat(untouched), flat(cover));
    let defective = cover.clone().div_scalar(FULL_COVER).clamp_max(1.0);
    let normal = cover.div_scalar(TOUCHED_COVER).clamp_max(1.0).neg().add_scalar(1.0);
    let of_defect = (defective.clone() * covered).sum_dim(1) / (defective.sum_dim(1) + 1e-3);
    let of_rest = (normal * untouched).sum_dim(1) / positions as f64;
    (of_defect + of_rest).sum()
}

/// Cross-entropy of the probability that an image is defective, the mean of those at its positions, for a classifier in
/// the place of the contrast. `logits` of `[n, 1, h, w]`, `defective` 1 or 0. Summed over the batch.
pub fn classification(logits: Tensor<4>, defective: Tensor<1>) -> Tensor<1> {
    let n = logits.dims()[0];
    let probability = activation::sigmoid(logits).flatten::<2>(1, 3).mean_dim(1).reshape([n]);
    let surprise = |probability: Tensor<1>| probability.clamp_min(PROBABILITY_EPSILON).log().neg();
    let normal = surprise(probability.clone().neg() + 1.0) * (defective.clone().neg() + 1.0);
    (normal + surprise(probability) * defective).sum()
}

/// The same position by position, as [`contrastive_by_position`] weighs them.
pub fn classification_by_position(logits: Tensor<4>, cover: Tensor<4>) -> Tensor<1> {
    let probability = activation::sigmoid(logits);
    let surprise = |probability: Tensor<4>| probability.clamp_min(PROBABILITY_EPSILON).log().neg();
    by_position(surprise(probability.clone()), surprise(probability.neg() + 1.0), cover)
}

/// Smallest probability whose logarithm is taken.
const PROBABILITY_EPSILON: f64 = 1e-7;

/// Share of a position that a defect must cover to weigh in full.
const FULL_COVER: f64 = 0.2;
/// Share from which a position no longer counts as normal.
const TOUCHED_COVER: f64 = 0.02;

/// Decoder term: half the squared distance of channel-normalised maps, per position, mean of both taps, summed over the batch.
pub fn decoder(decoded: Features, features: Features) -> Tensor<1> {
    (tap_distance(decoded.f1, features.f1) + tap_distance(decoded.f2, features.f2)) * 0.5
}

fn tap_distance(decoded: Tensor<4>, feature: Tensor<4>) -> Tensor<1> {
    let [_, _, height, width] = feature.dims();
    (normalise(decoded) - normalise(feature)).square().sum() * (0.5 / (height * width) as f64)
}

fn normalise(x: Tensor<4>) -> Tensor<4> {
    let norm = x.clone().square().sum_dim(1).sqrt().clamp_min(NORMALISE_EPSILON);
    x / norm
}
