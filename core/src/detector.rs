//! What tells normal from anomalous features: CSE, or one of the plain statistics that it has to beat.
//!
//! All of them work position by position, so that an image's score and its map come from the same distances.

use burn::tensor::{Device, ExecutionError, Tensor};
use serde::{Deserialize, Serialize};

use crate::bank::Bank;
use crate::efficientnet::Features;
use crate::embedder::{EMBEDDING_CHANNELS, FoldedEmbedder};
use crate::gaussian::Gaussian;
use crate::mean_cosine::MeanCosine;
use crate::nearest_neighbour::NearestNeighbour;
use crate::score::{Aggregation, Comparison, E14_LENGTH, GRID};
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
}

impl Method {
    /// As the command line writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cse => "cse",
            Self::MeanCosine => "mean-cosine",
            Self::Gaussian => "gaussian",
            Self::NearestNeighbour => "nearest-neighbour",
        }
    }
}

/// A fitted method on a device.
#[derive(Debug)]
pub enum Detector {
    /// See [`Method::Cse`].
    Cse(Vec<Member>),
    /// See [`Method::MeanCosine`].
    MeanCosine(Box<MeanCosine>),
    /// See [`Method::Gaussian`].
    Gaussian(Box<Gaussian>),
    /// See [`Method::NearestNeighbour`].
    NearestNeighbour(Box<NearestNeighbour>),
}

/// One embedder with its bank. The paper has one; several that were trained from different seeds disagree less with the
/// next several.
#[derive(Debug)]
pub struct Member {
    embedder: FoldedEmbedder,
    bank: Bank,
    /// What its distances are multiplied by before they are added to the others'.
    weight: f32,
}

/// A trained embedder as the tensors of a model file, without its weight.
#[derive(Debug)]
pub struct TrainedMember {
    /// Folded, as [`FoldedEmbedder::take`] takes it.
    pub embedder: StateDict,
    /// Its bank.
    pub bank: Bank,
}

const BANK: &str = "bank.e14";
const WEIGHTS: &str = "members.weight";

/// What a fitted method is loaded with, beside its tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// How normality is modelled.
    pub method: Method,
    /// Feature maps that are looked at.
    pub taps: Taps,
    /// Embedders.
    pub members: usize,
    /// Clusters in each one's bank.
    pub clusters: usize,
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
            Method::Cse => {
                let weights = take(tensors, WEIGHTS, &[shape.members])?;
                let member = |(index, weight): (usize, &f32)| {
                    let mut own = take_below(tensors, &format!("member.{index}."));
                    let embedder = FoldedEmbedder::take(&mut own, channels, device)?;
                    let centres = take(&mut own, BANK, &[shape.clusters, EMBEDDING_CHANNELS, GRID, GRID])?;
                    let bank = Bank::from_e14(centres.chunks_exact(E14_LENGTH).map(<[f32]>::to_vec).collect());
                    Ok(Member { embedder, bank, weight: *weight })
                };
                Self::Cse(weights.iter().enumerate().map(member).collect::<Result<_, _>>()?)
            }
            Method::MeanCosine => Self::MeanCosine(Box::new(MeanCosine::take(tensors, channels, device)?)),
            Method::Gaussian => Self::Gaussian(Box::new(Gaussian::take(tensors, channels, device)?)),
            Method::NearestNeighbour => {
                Self::NearestNeighbour(Box::new(NearestNeighbour::take(tensors, channels, device)?))
            }
        })
    }

    /// The tensors of a model file for trained members, each with the read-outs of the same normal images that no
    /// training has seen: distances are weighed by how small they are on those.
    pub fn cse_tensors(members: Vec<TrainedMember>, normal: &[Vec<Vec<f32>>], aggregation: Aggregation) -> StateDict {
        let count = members.len();
        let mut tensors = StateDict::new();
        let mut weights = Vec::with_capacity(count);
        for (index, (member, read_outs)) in members.into_iter().zip(normal).enumerate() {
            let distances = read_outs.iter().flat_map(|e14| member.bank.compare(e14, aggregation).distances);
            let (sum, n) = distances.fold((0.0f64, 0.0f64), |(sum, n), d| (sum + f64::from(d), n + 1.0));
            // A single member's distances stay as they are: cosine distances.
            let usual = if count == 1 { 1.0 } else { (sum / n.max(1.0)).max(1e-6) };
            weights.push((1.0 / (usual * count as f64)) as f32);
            let centres: Vec<f32> = member.bank.e14().flatten().copied().collect();
            let bank = (vec![member.bank.clusters(), EMBEDDING_CHANNELS, GRID, GRID], centres);
            let own = member.embedder.into_iter().chain([(BANK.to_owned(), bank)]);
            tensors.extend(own.map(|(name, tensor)| (format!("member.{index}.{name}"), tensor)));
        }
        tensors.insert(WEIGHTS.into(), (vec![count], weights));
        tensors
    }

    /// What is left to compare on the host, for each image: each member's `E14` (64 x 14 x 14) for CSE, else the
    /// distances.
    pub fn forward(&self, features: Features, taps: Taps) -> Tensor<4> {
        match self {
            Self::Cse(members) => {
                let fused = taps.select_fine(features);
                let embeddings = members.iter().map(|member| member.embedder.forward(fused.clone())).collect();
                Tensor::cat(embeddings, 1)
            }
            Self::MeanCosine(model) => model.distances(taps.select(features)),
            Self::Gaussian(model) => model.distances(taps.select(features)),
            Self::NearestNeighbour(model) => model.distances(taps.select(features)),
        }
    }

    /// Distances of one image from its part of what [`forward`](Self::forward) gives.
    pub fn compare(&self, read_out: &[f32], aggregation: Aggregation) -> Comparison {
        let Self::Cse(members) = self else {
            return Comparison { distances: read_out.to_vec(), grid: read_out.to_vec() };
        };
        let mut sum = Comparison { distances: Vec::new(), grid: Vec::new() };
        for (member, e14) in members.iter().zip(read_out.chunks_exact(E14_LENGTH)) {
            let own = member.bank.compare(e14, aggregation);
            for (sum, own) in [(&mut sum.distances, own.distances), (&mut sum.grid, own.grid)] {
                sum.resize(own.len(), 0.0);
                sum.iter_mut().zip(own).for_each(|(sum, distance)| *sum += member.weight * distance);
            }
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
