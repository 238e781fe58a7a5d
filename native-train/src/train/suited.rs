//! What suits an extractor, measured on magnetic tile and fabric, where the command line says nothing.
//!
//! Synthetic defects cannot choose it: the embedders were trained on them, and held-out ones say the same of every choice.

use cse::efficientnet::Architecture;

/// Settings that depend on the extractor.
pub struct Suited {
    /// Weight of the density throughout. With the shipped extractor it finds more on both sets, with EfficientNet-B3 less on
    /// magnetic tile.
    pub density_weight: f64,
    /// Clusters in the bank. With EfficientNet-B3 four find a little more on magnetic tile with every seed, with the shipped
    /// extractor less.
    pub clusters: usize,
}

/// What suits `architecture`.
pub const fn suited(architecture: Architecture) -> Suited {
    match architecture {
        Architecture::B3 => Suited { density_weight: 0.0, clusters: 4 },
        _ => Suited { density_weight: 2.0, clusters: 1 },
    }
}
