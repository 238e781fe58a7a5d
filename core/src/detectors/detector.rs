//! Detector: a fitted method on a device.

use burn::tensor::{Device, ExecutionError, Tensor, TensorData, Transaction};

use super::density::{Density, DensityShape, FittedDensity};
use super::ensemble::{Ensemble, EnsembleShape};
use super::gaussian::{Gaussian, Whitening};
use super::mean_cosine::{MeanCosine, MeanMap};
use super::method::Method;
use super::nearest_neighbours::{Coreset, NearestNeighbours};
use super::padim::{self, Gaussians, Padim};
use super::patch_core::{self, PatchCore};
use crate::files::model_file::ModelFileError;
use crate::files::state_dict::StateDict;
use crate::image::inspected::Inspected;
use crate::network::backbone::{Backbone, Maps, OtherNetwork};
use crate::network::features::Features;
use crate::network::grid::{Grid, GridMap};
use crate::network::taps::Taps;
use crate::scoring::aggregation::Aggregation;
use crate::scoring::distances::Distances;

/// Fitted method on a device.
#[derive(Debug)]
pub struct Detector {
    method: Fitted,
    /// Grid of the distances that score and map are computed from.
    grid: Grid,
}

#[derive(Debug)]
enum Fitted {
    Ensemble(Box<Ensemble>, Box<Density>),
    MeanCosine(Box<MeanCosine>),
    Gaussian(Box<Gaussian>),
    NearestNeighbours(Box<NearestNeighbours>),
    Patchcore(Box<PatchCore>),
    Padim(Box<Padim>),
}

/// Number and shape of a detector's parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Method.
    pub method: Method,
    /// Feature maps that the method uses.
    pub taps: Taps,
    /// Number of embedders.
    pub members: usize,
    /// Clusters in each member's bank.
    pub clusters: usize,
    /// Gaussians beside the embedders.
    pub density: DensityShape,
    /// Grid of `stage5`, or of a ResNet's `layer3`.
    pub grid: Grid,
}

/// Fitted baseline.
#[derive(Clone, Debug)]
pub enum Baseline {
    /// Baseline of [`Method::MeanCosine`].
    MeanCosine(MeanMap),
    /// Baseline of [`Method::Gaussian`].
    Gaussian(Whitening),
    /// Baseline of [`Method::NearestNeighbours`].
    NearestNeighbours(Coreset),
    /// Baseline of [`Method::Patchcore`].
    Patchcore(Coreset),
    /// Baseline of [`Method::Padim`].
    Padim(Gaussians),
}

impl Baseline {
    /// Adds the baseline to the tensors of a model file.
    pub fn put(self, tensors: &mut StateDict) {
        match self {
            Self::MeanCosine(fitted) => fitted.put(tensors),
            Self::Gaussian(fitted) => fitted.put("", tensors),
            Self::NearestNeighbours(fitted) | Self::Patchcore(fitted) => fitted.put(tensors),
            Self::Padim(fitted) => fitted.put(tensors),
        }
    }
}

impl Detector {
    /// Takes the tensors of a fitted method, which works with the feature maps of `backbone`.
    ///
    /// # Errors
    /// A tensor is missing or has another shape, or the method does not work with the backbone.
    pub fn take(
        shape: Shape,
        backbone: Backbone,
        tensors: &mut StateDict,
        device: &Device,
    ) -> Result<Self, ModelFileError> {
        let other = |error: OtherNetwork| ModelFileError::Description(error.to_string());
        let grid = grid(shape.method, shape.taps, shape.grid);
        let extractor = || Ok::<_, ModelFileError>(backbone.efficient_net().map_err(other)?.channels());
        let baseline = match shape.method {
            Method::Cse | Method::Classifier => {
                let clusters = (shape.method == Method::Cse).then_some(shape.clusters);
                let channels = shape.taps.channels(extractor()?);
                let parts = EnsembleShape { members: shape.members, clusters, channels, grid: shape.grid };
                let ensemble = Ensemble::take(parts, tensors, device)?;
                let density = Density::new(FittedDensity::take(shape.density, extractor()?, tensors)?, device);
                let method = Fitted::Ensemble(Box::new(ensemble), Box::new(density));
                return Ok(Self { method, grid });
            }
            Method::MeanCosine => {
                Baseline::MeanCosine(MeanMap::take(tensors, shape.taps.channels(extractor()?), grid)?)
            }
            Method::Gaussian => Baseline::Gaussian(Whitening::take(tensors, shape.taps.channels(extractor()?))?),
            Method::NearestNeighbours => {
                Baseline::NearestNeighbours(Coreset::take(tensors, shape.taps.channels(extractor()?))?)
            }
            Method::Patchcore => {
                let channels = patch_core::channels(backbone.res_net().map_err(other)?);
                Baseline::Patchcore(Coreset::take(tensors, channels)?)
            }
            Method::Padim => Baseline::Padim(Gaussians::take(tensors, backbone.res_net().map_err(other)?, grid)?),
        };
        Ok(Self::baseline(baseline, grid, device))
    }

    /// Puts a fitted baseline on `device`. `grid` is that of its feature maps.
    pub fn baseline(fitted: Baseline, grid: Grid, device: &Device) -> Self {
        let method = match fitted {
            Baseline::MeanCosine(mean) => Fitted::MeanCosine(Box::new(MeanCosine::new(mean, device))),
            Baseline::Gaussian(whitening) => Fitted::Gaussian(Box::new(Gaussian::new(whitening, device))),
            Baseline::NearestNeighbours(coreset) => {
                Fitted::NearestNeighbours(Box::new(NearestNeighbours::new(coreset, device)))
            }
            Baseline::Patchcore(coreset) => Fitted::Patchcore(Box::new(PatchCore::new(coreset, device))),
            Baseline::Padim(gaussians) => Fitted::Padim(Box::new(Padim::new(gaussians, device))),
        };
        Self { method, grid }
    }

    /// Checks the weights of its parts: with a negative weight, an anomaly would lower the score.
    pub fn is_sound(&self) -> bool {
        match &self.method {
            Fitted::Ensemble(ensemble, _) => ensemble.is_sound(),
            _ => true,
        }
    }

    /// Runs the part of the method that runs on the device.
    ///
    /// # Errors
    /// The method does not work with the network that the maps are of.
    pub fn forward(&self, maps: Maps, taps: Taps) -> Result<Output, OtherNetwork> {
        let values = |values| Output { values, density: None, map: None };
        let selected = |maps: Maps| Ok(taps.select(maps.efficient_net()?));
        Ok(match &self.method {
            Fitted::Ensemble(ensemble, density) => embedded(ensemble, density, maps.efficient_net()?, taps),
            Fitted::MeanCosine(model) => values(model.distances(selected(maps)?)),
            Fitted::Gaussian(model) => values(model.distances(selected(maps)?)),
            Fitted::NearestNeighbours(model) => values(model.distances(selected(maps)?)),
            Fitted::Patchcore(model) => values(model.forward(maps.res_net()?)),
            Fitted::Padim(model) => values(model.distances(maps.res_net()?)),
        })
    }

    /// Computes the distances of one window from good ones at each position. `output` is the window's result on the device,
    /// and `inspected` has the positions that count.
    pub fn distances(
        &self,
        output: &WindowOutput,
        aggregation: Aggregation,
        inspected: Option<&Inspected>,
    ) -> Distances {
        let own = match &self.method {
            Fitted::Ensemble(ensemble, _) => ensemble.distances(&output.values, aggregation),
            Fitted::Patchcore(model) => model.distances(&output.values, self.grid, inspected),
            Fitted::Padim(_) => padim::window_distances(&output.values, self.grid, inspected),
            _ => {
                let map = GridMap { grid: self.grid, values: output.values.clone() };
                Distances::new(map.clone(), map)
            }
        };
        let density = output.density.clone().map(|values| GridMap { grid: self.grid.halved(), values });
        let map = output.map.clone().map_or(own.map, |values| GridMap { grid: self.grid, values });
        Distances { score: own.score, map, density, inspected: inspected.cloned() }
    }
}

/// Grid of the distances of a method that uses `taps`, where `stage5` or `layer3` has the grid `stride16`.
pub fn grid(method: Method, taps: Taps, stride16: Grid) -> Grid {
    match method {
        Method::Padim => stride16.times(4),
        Method::Patchcore => stride16.times(2),
        Method::Cse | Method::Classifier => stride16,
        Method::Gaussian | Method::MeanCosine | Method::NearestNeighbours => taps.grid(stride16),
    }
}

fn embedded(ensemble: &Ensemble, density: &Density, features: Features, taps: Taps) -> Output {
    Output {
        density: density.score(&features),
        map: density.map(&features),
        values: ensemble.forward(&taps.concatenated(features)),
    }
}

/// Result of a detector on the device, for `n` windows.
#[derive(Debug)]
pub struct Output {
    /// Embeddings `[n, 64 * members, rows, columns]` of an ensemble, distances `[n, 1, rows, columns]`, or distances and
    /// patches of PatchCore `[n, 1 + channels, rows, columns]`.
    values: Tensor<4>,
    /// Distances of the density for the score, at the grid of `stage7`, `[n, 1, rows, columns]`.
    density: Option<Tensor<4>>,
    /// Distances of the density for the map, at the grid of `stage5`, `[n, 1, rows, columns]`.
    map: Option<Tensor<4>>,
}

/// Result of a detector for one window, on the host.
#[derive(Clone, Debug)]
pub struct WindowOutput {
    /// The window's part of the embeddings or distances.
    values: Vec<f32>,
    /// The window's part of the density's distances for the score.
    density: Option<Vec<f32>>,
    /// The window's part of the density's distances for the map.
    map: Option<Vec<f32>>,
}

impl Output {
    /// Reads the results of each window from the device, all at once.
    pub async fn read(self) -> Result<Vec<WindowOutput>, ExecutionError> {
        let parts = [Some(self.values), self.density, self.map];
        let lengths = parts.each_ref().map(|part| Some(part.as_ref()?.dims()[1..].iter().product()));
        let tensors = parts.into_iter().flatten();
        let data = tensors.fold(Transaction::default(), Transaction::register).execute_async().await?;
        let mut data = data.into_iter();
        // A part that was not computed has no window.
        let windows = |length: Option<usize>| length.and_then(|length| Some(images(data.next()?, length)));
        let [values, mut density, mut map] =
            lengths.map(windows).map(|windows| windows.unwrap_or_default().into_iter());
        Ok(values.map(|values| WindowOutput { values, density: density.next(), map: map.next() }).collect())
    }
}

/// Reads a tensor `[n, c, h, w]` from the device, as the values of each of `n` images.
pub async fn read(tensor: Tensor<4>) -> Result<Vec<Vec<f32>>, ExecutionError> {
    let [_, channels, height, width] = tensor.dims();
    let data = tensor.into_data_async().await?;
    Ok(images(data, channels * height * width))
}

/// Waits until the device has computed `tensor`. Reading one value is enough.
pub async fn finish(tensor: &Tensor<4>) -> Result<(), ExecutionError> {
    read(tensor.clone().slice([0..1, 0..1, 0..1, 0..1])).await.map(drop)
}

fn images(data: TensorData, length: usize) -> Vec<Vec<f32>> {
    let values = data.try_into_vec::<f32>().expect("features and all that is computed from them are f32");
    values.chunks_exact(length.max(1)).map(<[f32]>::to_vec).collect()
}
