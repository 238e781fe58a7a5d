//! Anomaly score (paper, section 3.5): cosine distance between an embedding and the bank, position by position.
//!
//! Plain numbers and not tensors: what is left at this point is 64 x 14 x 14 values an image.

use serde::{Deserialize, Serialize};

use crate::embedder::EMBEDDING_CHANNELS;

/// Side of `E14` for a 224 input.
pub const GRID: usize = 14;
/// Side of `E7`.
pub const POOLED_GRID: usize = GRID / 2;
/// Values in one `E14`.
pub const E14_LENGTH: usize = EMBEDDING_CHANNELS * GRID * GRID;
/// Values in one `E7`.
pub const E7_LENGTH: usize = EMBEDDING_CHANNELS * POOLED_GRID * POOLED_GRID;

/// How the distances at the positions of `E7` become one score.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Aggregation {
    /// The paper's.
    #[default]
    Mean,
    /// The most anomalous position: for defects that are small beside the photo.
    Max,
}

/// `E14` to `E7`, channel by channel: mean of 2x2.
pub fn pool(e14: &[f32]) -> Vec<f32> {
    let mut e7 = Vec::with_capacity(E7_LENGTH);
    for plane in e14.chunks_exact(GRID * GRID) {
        for y in 0..POOLED_GRID {
            for x in 0..POOLED_GRID {
                let at = |dy: usize, dx: usize| plane[(2 * y + dy) * GRID + 2 * x + dx];
                e7.push((at(0, 0) + at(0, 1) + at(1, 0) + at(1, 1)) / 4.0);
            }
        }
    }
    e7
}

/// `1 - cos` over channels at each position of two `[64, positions]` embeddings, 0 to 2.
pub fn distances(embedding: &[f32], centre: &[f32]) -> Vec<f32> {
    let positions = embedding.len() / EMBEDDING_CHANNELS;
    let (mut dot, mut a2, mut b2) = (vec![0.0f32; positions], vec![0.0f32; positions], vec![0.0f32; positions]);
    for (a, b) in embedding.chunks_exact(positions).zip(centre.chunks_exact(positions)) {
        for p in 0..positions {
            dot[p] += a[p] * b[p];
            a2[p] += a[p] * a[p];
            b2[p] += b[p] * b[p];
        }
    }
    (0..positions).map(|p| 1.0 - dot[p] / (a2[p].sqrt().max(1e-8) * b2[p].sqrt().max(1e-8))).collect()
}

/// The score of one cluster from its distances at the positions of `E7`.
pub fn aggregate(distances: &[f32], aggregation: Aggregation) -> f32 {
    match aggregation {
        Aggregation::Mean => distances.iter().sum::<f32>() / distances.len().max(1) as f32,
        Aggregation::Max => distances.iter().copied().fold(0.0, f32::max),
    }
}
