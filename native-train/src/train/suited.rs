//! What suits an extractor, measured on magnetic tile and fabric, where the command line says nothing.
//!
//! Synthetic defects cannot choose it: the embedders were trained on them, and held-out ones say the same of every choice.

use cse::efficientnet::Architecture;
use cse::losses::Grouping;

use super::settings::{Clusters, Contrast, Settings};

/// `settings` with what suits `architecture`.
///
/// - The contrast: positions alone find most with EfficientNet-B3 on magnetic tile. With the shipped extractor embedders
///   that contrast whole images, grouped as the released code has it, find more on fabric beside them.
/// - The density's weight throughout: with the shipped extractor it finds more on both sets, with EfficientNet-B3 less on
///   magnetic tile.
/// - Clusters in the bank: with EfficientNet-B3 four find a little more on magnetic tile with every seed, with the shipped
///   extractor less.
pub const fn suited(architecture: Architecture, settings: Settings) -> Settings {
    match architecture {
        Architecture::B3 => {
            Settings { contrast: Contrast::Position, density_weight: 0.0, clusters: Clusters::Count(4), ..settings }
        }
        _ => Settings {
            contrast: Contrast::Turns,
            grouping: Grouping::Rows,
            density_weight: 2.0,
            clusters: Clusters::Count(1),
            ..settings
        },
    }
}
