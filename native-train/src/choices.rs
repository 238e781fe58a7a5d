//! Words of the command line for what the core calls otherwise.

use cse::detector::Method;
use cse::efficientnet::Architecture;
use cse::losses::Grouping;
use cse::score::Aggregation;
use cse::taps::Taps;
use cse::view::View;

/// `--view`.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum ViewChoice {
    /// Tiles for long photos, else resize; says which and why
    Auto,
    /// The whole photo, squashed to a square
    Resize,
    /// The paper's: the centre, so that the borders are not inspected
    Crop,
    /// Overlapping windows at the photo's own scale
    Tiles,
}

impl ViewChoice {
    /// The view asked for; none for `Auto`.
    pub fn view(self) -> Option<View> {
        match self {
            Self::Auto => None,
            Self::Resize => Some(View::Resize),
            Self::Crop => Some(View::Crop),
            Self::Tiles => Some(View::Tiles),
        }
    }
}

/// `--architecture`: EfficientNets.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum ArchitectureChoice {
    B0,
    B1,
    B2,
    B3,
}

impl From<ArchitectureChoice> for Architecture {
    fn from(choice: ArchitectureChoice) -> Self {
        match choice {
            ArchitectureChoice::B0 => Self::B0,
            ArchitectureChoice::B1 => Self::B1,
            ArchitectureChoice::B2 => Self::B2,
            ArchitectureChoice::B3 => Self::B3,
        }
    }
}

/// `--method`.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum MethodChoice {
    /// The paper's: embedder and bank
    Cse,
    /// Cosine distance to the mean feature map
    MeanCosine,
    /// One Gaussian over all positions' features (PaDiM's core)
    Gaussian,
    /// Nearest of a coreset of features (PatchCore's core)
    NearestNeighbour,
    /// The embedder trained as a classifier of good and defective (the paper's table 4)
    Classifier,
}

impl From<MethodChoice> for Method {
    fn from(choice: MethodChoice) -> Self {
        match choice {
            MethodChoice::Cse => Self::Cse,
            MethodChoice::MeanCosine => Self::MeanCosine,
            MethodChoice::Gaussian => Self::Gaussian,
            MethodChoice::NearestNeighbour => Self::NearestNeighbour,
            MethodChoice::Classifier => Self::Classifier,
        }
    }
}

/// `--taps`.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum TapsChoice {
    /// Stride 16
    F1,
    /// Stride 32
    F2,
    /// Both, fused at stride 16
    Both,
}

impl From<TapsChoice> for Taps {
    fn from(choice: TapsChoice) -> Self {
        match choice {
            TapsChoice::F1 => Self::F1,
            TapsChoice::F2 => Self::F2,
            TapsChoice::Both => Self::Both,
        }
    }
}

/// `--grouping`.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum GroupingChoice {
    /// At each position, over the channels
    Position,
    /// In each channel, over the rows: the authors' released code
    Rows,
}

impl From<GroupingChoice> for Grouping {
    fn from(choice: GroupingChoice) -> Self {
        match choice {
            GroupingChoice::Position => Self::Position,
            GroupingChoice::Rows => Self::Rows,
        }
    }
}

/// `--aggregation`.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum AggregationChoice {
    /// Mean of the positions: the paper's
    Mean,
    /// The most anomalous position
    Max,
    /// Mean of the tenth of the positions that are most anomalous
    Top,
}

impl From<AggregationChoice> for Aggregation {
    fn from(choice: AggregationChoice) -> Self {
        match choice {
            AggregationChoice::Mean => Self::Mean,
            AggregationChoice::Max => Self::Max,
            AggregationChoice::Top => Self::Top,
        }
    }
}
