//! What training minimises (paper, section 3.4): the contrastive term on `E7` and the decoder term on the features.

use burn::tensor::Tensor;
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
