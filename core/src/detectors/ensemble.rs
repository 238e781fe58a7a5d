//! Ensemble: embedders whose distances are added. The paper has one embedder. Several embedders, each trained without some
//! of the photos, vary less from seed to seed.

use burn::tensor::{Device, Tensor};

use super::bank::Bank;
use super::classifier::Classifier;
use crate::embedding::concatenated::Concatenated;
use crate::embedding::embedder::{EMBEDDING_CHANNELS, FoldedEmbedder};
use crate::files::state_dict::{StateDict, StateDictError, take, take_below};
use crate::network::grid::Grid;
use crate::scoring::aggregation::Aggregation;
use crate::scoring::distances::Distances;

/// Last step of a member: distances from an embedding.
#[derive(Clone, Debug)]
pub enum Head {
    /// Cosine distance to the nearest cluster centre: the paper's.
    Bank(Bank),
    /// Probability of a defect.
    Classifier(Classifier),
}

impl Head {
    /// Distances of one embedding `E14`, `[64, positions]` at `grid`.
    pub fn distances(&self, e14: &[f32], grid: Grid, aggregation: Aggregation) -> Distances {
        match self {
            Self::Bank(bank) => bank.distances(e14, aggregation),
            Self::Classifier(classifier) => classifier.distances(e14, grid),
        }
    }
}

/// One embedder of the ensemble on a device, with its head and its weight.
#[derive(Debug)]
pub struct Member {
    embedder: FoldedEmbedder,
    head: Head,
    weight: f32,
}

/// One embedder of the ensemble as a training makes it.
#[derive(Clone, Debug)]
pub struct TrainedMember {
    /// Tensors of its [`FoldedEmbedder`].
    pub embedder: StateDict,
    /// Last step.
    pub head: Head,
    /// Weight of its distances in the sum of all members.
    pub weight: f32,
}

/// Embedders whose distances are added.
#[derive(Debug)]
pub struct Ensemble {
    members: Vec<Member>,
    grid: Grid,
}

/// Number and shape of an ensemble's parts.
#[derive(Clone, Copy, Debug)]
pub struct EnsembleShape {
    /// Number of embedders.
    pub members: usize,
    /// Clusters in each member's bank. None for a classifier.
    pub clusters: Option<usize>,
    /// Channels of the concatenated taps.
    pub channels: usize,
    /// Grid of `stage5`.
    pub grid: Grid,
}

const BANK: &str = "bank.e14";
const WEIGHTS: &str = "members.weight";

impl Ensemble {
    /// Takes the tensors that [`put`] made.
    pub fn take(shape: EnsembleShape, tensors: &mut StateDict, device: &Device) -> Result<Self, StateDictError> {
        let weights = take(tensors, WEIGHTS, &[shape.members])?;
        let Grid { rows, columns } = shape.grid;
        let member = |(index, weight): (usize, f32)| {
            let mut own = take_below(tensors, &format!("member.{index}."));
            let embedder = FoldedEmbedder::take(&mut own, shape.channels, device)?;
            let head = match shape.clusters {
                None => Head::Classifier(Classifier::take(&mut own)?),
                Some(clusters) => {
                    let centres = take(&mut own, BANK, &[clusters, EMBEDDING_CHANNELS, rows, columns])?;
                    let length = EMBEDDING_CHANNELS * shape.grid.positions();
                    let centres = centres.chunks_exact(length).map(<[f32]>::to_vec).collect();
                    Head::Bank(Bank::from_e14(centres, shape.grid))
                }
            };
            Ok(Member { embedder, head, weight })
        };
        let members = weights.into_iter().enumerate().map(member).collect::<Result<_, StateDictError>>()?;
        Ok(Self { members, grid: shape.grid })
    }

    /// Checks that every member has a positive weight. With a negative weight, an anomaly that the member detects would pass
    /// for good.
    pub fn is_sound(&self) -> bool {
        self.members.iter().all(|member| member.weight > 0.0 && member.weight.is_finite())
    }

    /// Embeddings of all members, `[n, 64 * members, rows, columns]`.
    pub fn forward(&self, taps: &Concatenated) -> Tensor<4> {
        Tensor::cat(self.members.iter().map(|member| member.embedder.forward(taps.clone())).collect(), 1)
    }

    /// Weighted sum of the members' distances. `embeddings` is one window's part of [`forward`](Self::forward).
    pub fn distances(&self, embeddings: &[f32], aggregation: Aggregation) -> Distances {
        let mut sum = Distances::default();
        let each = embeddings.chunks_exact(EMBEDDING_CHANNELS * self.grid.positions());
        for (member, e14) in self.members.iter().zip(each) {
            sum.add(&member.head.distances(e14, self.grid, aggregation), member.weight);
        }
        sum
    }
}

/// Adds the tensors of trained members to those of a model file.
pub fn put(members: Vec<TrainedMember>, tensors: &mut StateDict) {
    let weights: Vec<f32> = members.iter().map(|member| member.weight).collect();
    for (index, member) in members.into_iter().enumerate() {
        let mut own = member.embedder;
        match member.head {
            Head::Bank(bank) => {
                let Grid { rows, columns } = bank.grid();
                let centres: Vec<f32> = bank.e14().flatten().copied().collect();
                own.insert(BANK.into(), (vec![bank.clusters(), EMBEDDING_CHANNELS, rows, columns], centres));
            }
            Head::Classifier(classifier) => classifier.put(&mut own),
        }
        tensors.extend(own.into_iter().map(|(name, tensor)| (format!("member.{index}.{name}"), tensor)));
    }
    tensors.insert(WEIGHTS.into(), (vec![weights.len()], weights));
}
