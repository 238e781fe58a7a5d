//! What tells normal from anomalous features: CSE, or one of the plain statistics that it has to beat.
//!
//! All of them work position by position, so that an image's score and its map come from the same distances.

use burn::tensor::{Device, ExecutionError, Tensor};
use serde::{Deserialize, Serialize};

use crate::bank::Bank;
use crate::classifier::Head;
use crate::comparison::{Comparison, Weights};
use crate::density::{self, Density};
use crate::efficientnet::Features;
use crate::embedder::{EMBEDDING_CHANNELS, FoldedEmbedder};
use crate::gaussian::Gaussian;
use crate::mean_cosine::MeanCosine;
use crate::nearest_neighbour::NearestNeighbour;
use crate::score::{Aggregation, E14_LENGTH, GRID, POOLED_GRID};
use crate::state_dict::{StateDict, StateDictError, take};
use crate::taps::Taps;

/// How normality is modelled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// The trained embedder and its bank: the paper's.
    #[default]
    Cse,
    /// [`MeanCosine`].
    MeanCosine,
    /// [`Gaussian`].
    Gaussian,
    /// [`NearestNeighbour`].
    NearestNeighbour,
    /// The trained embedder with a [`Head`] in the place of the bank.
    Classifier,
}

impl Method {
    /// As the command line writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cse => "cse",
            Self::MeanCosine => "mean-cosine",
            Self::Gaussian => "gaussian",
            Self::NearestNeighbour => "nearest-neighbour",
            Self::Classifier => "classifier",
        }
    }
}

/// A fitted method on a device.
#[derive(Debug)]
pub enum Detector {
    /// See [`Method::Cse`] and [`Method::Classifier`].
    Embedded {
        /// Their distances are averaged.
        members: Vec<Member>,
        /// What stands beside them.
        density: Option<Box<Density>>,
    },
    /// See [`Method::MeanCosine`].
    MeanCosine(Box<MeanCosine>),
    /// See [`Method::Gaussian`].
    Gaussian(Box<Gaussian>),
    /// See [`Method::NearestNeighbour`].
    NearestNeighbour(Box<NearestNeighbour>),
}

/// What an embedding is judged by.
#[derive(Debug)]
pub enum Judge {
    /// Of good samples: the paper's.
    Bank(Bank),
    /// Of a classifier.
    Head(Head),
}

impl Judge {
    /// Judges one `E14` (64 x 14 x 14).
    pub fn compare(&self, e14: &[f32], aggregation: Aggregation) -> Comparison {
        match self {
            Self::Bank(bank) => bank.compare(e14, aggregation),
            Self::Head(head) => head.compare(e14),
        }
    }
}

/// One embedder with its judge. The paper has one; several that were trained on other photos disagree less with the next
/// several.
#[derive(Debug)]
pub struct Member {
    embedder: FoldedEmbedder,
    judge: Judge,
    /// What its distances count beside the others'.
    weights: Weights,
}

/// A trained embedder as the tensors of a model file.
#[derive(Debug)]
pub struct TrainedMember {
    /// Folded, as [`FoldedEmbedder::take`] takes it.
    pub embedder: StateDict,
    /// What its embeddings are judged by.
    pub judge: Judge,
    /// What its distances count beside the others'.
    pub weights: Weights,
}

const BANK: &str = "bank.e14";
const SCORE_WEIGHTS: &str = "members.weight";
const MAP_WEIGHTS: &str = "members.map_weight";
const DENSITY: &str = "density.";

/// What a fitted method is loaded with, beside its tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// How normality is modelled.
    pub method: Method,
    /// Feature maps that are looked at.
    pub taps: Taps,
    /// Embedders.
    pub members: usize,
    /// Clusters in each one's bank, where there is one.
    pub clusters: usize,
    /// Whether a density stands beside the embedders.
    pub density: bool,
}

impl Detector {
    /// Takes a fitted method's tensors.
    pub fn take(
        shape: Shape,
        extractor_taps: (usize, usize),
        tensors: &mut StateDict,
        device: &Device,
    ) -> Result<Self, StateDictError> {
        let channels = shape.taps.channels(extractor_taps);
        Ok(match shape.method {
            Method::Cse | Method::Classifier => {
                let score = take(tensors, SCORE_WEIGHTS, &[shape.members])?;
                let map = take(tensors, MAP_WEIGHTS, &[shape.members])?;
                let weights = score.iter().zip(map).map(|(&score, map)| Weights { score, map });
                let member = |(index, weights): (usize, Weights)| {
                    let mut own = take_below(tensors, &format!("member.{index}."));
                    let embedder = FoldedEmbedder::take(&mut own, channels, device)?;
                    let judge = if shape.method == Method::Classifier {
                        Judge::Head(Head::take(&mut own)?)
                    } else {
                        let centres = take(&mut own, BANK, &[shape.clusters, EMBEDDING_CHANNELS, GRID, GRID])?;
                        Judge::Bank(Bank::from_e14(centres.chunks_exact(E14_LENGTH).map(<[f32]>::to_vec).collect()))
                    };
                    Ok(Member { embedder, judge, weights })
                };
                let members = weights.enumerate().map(member).collect::<Result<_, _>>()?;
                let (_, f2_channels) = extractor_taps;
                let density = shape.density.then(|| {
                    let mut own = take_below(tensors, DENSITY);
                    Density::take(&mut own, f2_channels, device).map(Box::new)
                });
                Self::Embedded { members, density: density.transpose()? }
            }
            Method::MeanCosine => {
                let side = if shape.taps == Taps::F2 { POOLED_GRID } else { GRID };
                Self::MeanCosine(Box::new(MeanCosine::take(tensors, channels, side, device)?))
            }
            Method::Gaussian => Self::Gaussian(Box::new(Gaussian::take(tensors, channels, device)?)),
            Method::NearestNeighbour => {
                Self::NearestNeighbour(Box::new(NearestNeighbour::take(tensors, channels, device)?))
            }
        })
    }

    /// The tensors of a model file for trained members and for the density beside them, as [`Density::take`] takes it.
    pub fn embedded_tensors(members: Vec<TrainedMember>, density: Option<StateDict>) -> StateDict {
        let mut tensors = StateDict::new();
        let (score, map): (Vec<_>, Vec<_>) =
            members.iter().map(|TrainedMember { weights, .. }| (weights.score, weights.map)).unzip();
        for (index, member) in members.into_iter().enumerate() {
            let mut own = member.embedder;
            match member.judge {
                Judge::Bank(bank) => {
                    let centres: Vec<f32> = bank.e14().flatten().copied().collect();
                    own.insert(BANK.into(), (vec![bank.clusters(), EMBEDDING_CHANNELS, GRID, GRID], centres));
                }
                Judge::Head(head) => head.put(&mut own),
            }
            tensors.extend(own.into_iter().map(|(name, tensor)| (format!("member.{index}.{name}"), tensor)));
        }
        for (name, weights) in [(SCORE_WEIGHTS, score), (MAP_WEIGHTS, map)] {
            tensors.insert(name.into(), (vec![weights.len()], weights));
        }
        tensors.extend(density.into_iter().flatten().map(|(name, tensor)| (format!("{DENSITY}{name}"), tensor)));
        tensors
    }

    /// Whether every embedder counts: with a weight of 0 or below, whatever it saw would pass for good. Of the map some
    /// must count, and none against itself.
    pub fn is_sound(&self) -> bool {
        let Self::Embedded { members, .. } = self else { return true };
        let mut weights = members.iter().map(|member| member.weights);
        weights.clone().all(|Weights { score, map }| score > 0.0 && map >= 0.0) && weights.any(|own| own.map > 0.0)
    }

    /// What is left to compare on the host, for each image: each member's `E14` (64 x 14 x 14) where there are members, and
    /// the density's distances after them (14 x 14); else the distances.
    pub fn forward(&self, features: Features, taps: Taps) -> Tensor<4> {
        match self {
            Self::Embedded { members, density } => {
                let distances = density.as_ref().map(|density| density.distances(features.f2.clone()));
                let fused = taps.fused(features);
                let embeddings = members.iter().map(|member| member.embedder.forward(fused.clone()));
                Tensor::cat(embeddings.chain(distances).collect(), 1)
            }
            Self::MeanCosine(model) => model.distances(taps.select(features)),
            Self::Gaussian(model) => model.distances(taps.select(features)),
            Self::NearestNeighbour(model) => model.distances(taps.select(features)),
        }
    }

    /// Distances of one image from its part of what [`forward`](Self::forward) gives.
    pub fn compare(&self, read_out: &[f32], aggregation: Aggregation) -> Comparison {
        let Self::Embedded { members, .. } = self else {
            return Comparison::new(read_out.to_vec(), read_out.to_vec());
        };
        let embeddings = read_out.chunks_exact(E14_LENGTH);
        let mut sum = Comparison { density: density::at_f2(embeddings.remainder()), ..Comparison::default() };
        for (member, e14) in members.iter().zip(embeddings) {
            sum.add(&member.judge.compare(e14, aggregation), member.weights);
        }
        sum
    }
}

/// Removes the tensors whose names begin with `prefix`, and gives them without it.
fn take_below(tensors: &mut StateDict, prefix: &str) -> StateDict {
    let names: Vec<String> = tensors.keys().filter(|name| name.starts_with(prefix)).cloned().collect();
    let own = names.into_iter().filter_map(|name| Some((name[prefix.len()..].to_owned(), tensors.remove(&name)?)));
    own.collect()
}

/// Each image's values of `[n, c, h, w]`, read back from the device.
pub async fn read(tensor: Tensor<4>) -> Result<Vec<Vec<f32>>, ExecutionError> {
    let [_, channels, height, width] = tensor.dims();
    let data = tensor.into_data_async().await?;
    let values = data.try_into_vec::<f32>().unwrap_or_default();
    Ok(values.chunks_exact((channels * height * width).max(1)).map(<[f32]>::to_vec).collect())
}
