//! The teacher: EfficientNet-Lite0 (ImageNet weights, Apache-2.0), and the scale of its maps.
//!
//! Lite0 was trained with TensorFlow's padding, which at each stride-2 convolution samples one pixel further to the right
//! and down than the symmetric padding of the student. Here the teacher runs with symmetric padding: inside the image a
//! convolution is the same function wherever it is sampled, and both networks then see the same pixels at the same place.

use std::path::Path;

use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor, TensorData};
use cse::efficientnet::Architecture;
use cse::state_dict::{Precision, StateDict, StateDictError};
use cse::{extractor_file, gpu_training};

use super::PretrainError;
use crate::devices;
use crate::weights::recognise::{recognise, take_timm_named};
use crate::weights::state_dict;

/// Lite0 as an extractor file, in full precision, from a published checkpoint.
pub fn folded_lite0(path: &Path) -> Result<Vec<u8>, PretrainError> {
    let unusable = |problem: String| PretrainError::Teacher { path: path.to_owned(), problem };
    let mut tensors = state_dict::read(path).map_err(|error| unusable(error.to_string()))?;
    let network = recognise(&tensors).map_err(|error| unusable(error.to_string()))?;
    if network.architecture != Architecture::TfLite0 {
        return Err(unusable(format!("it holds {}, not EfficientNet-Lite0", network.architecture)));
    }
    let named = take_timm_named(&mut tensors, &network).map_err(|error| unusable(error.to_string()))?;
    Ok(extractor_file::from_state_dict(named, Architecture::TfLite0, String::new(), Precision::F32)?)
}

/// Lite0 up to the end of its last stage, forward only.
#[derive(Debug)]
pub struct Teacher {
    stem: Layer,
    blocks: Vec<Block>,
}

/// A convolution with bias; ReLU6 follows where `clipped`.
#[derive(Debug)]
struct Layer {
    weight: Tensor<4>,
    bias: Tensor<1>,
    options: ConvOptions<2>,
    clipped: bool,
}

#[derive(Debug)]
struct Block {
    layers: Vec<Layer>,
    has_skip: bool,
}

impl Teacher {
    /// From the tensors of what [`folded_lite0`] gives.
    pub fn new(tensors: &StateDict, device: &Device) -> Result<Self, StateDictError> {
        let layer = |name: String, stride: usize, clipped: bool| Layer::new(tensors, &name, stride, clipped, device);
        let mut input = Architecture::TfLite0.stem_channels();
        let mut blocks = Vec::new();
        for (s, stage) in Architecture::TfLite0.stages().iter().enumerate() {
            for b in 0..stage.repeats {
                let stride = if b == 0 { stage.stride } else { 1 };
                let name = |part: &str| format!("blocks.{s}.{b}.{part}");
                let layers = if stage.expand == 1 {
                    vec![layer(name("conv_dw"), stride, true)?, layer(name("conv_pw"), 1, false)?]
                } else {
                    vec![
                        layer(name("conv_pw"), 1, true)?,
                        layer(name("conv_dw"), stride, true)?,
                        layer(name("conv_pwl"), 1, false)?,
                    ]
                };
                blocks.push(Block { layers, has_skip: stride == 1 && input == stage.channels });
                input = stage.channels;
            }
        }
        Ok(Self { stem: layer("conv_stem".into(), 2, true)?, blocks })
    }

    /// What each part gives for a normalised batch `[n, 3, h, w]`: the stem, then every block, as the student's parts.
    pub fn maps(&self, images: Tensor<4>) -> Vec<Tensor<4>> {
        let mut maps = vec![self.stem.forward(images)];
        for block in &self.blocks {
            let x = maps.last().cloned();
            maps.extend(x.map(|x| block.forward(x)));
        }
        maps
    }
}

impl Layer {
    fn new(
        tensors: &StateDict,
        name: &str,
        stride: usize,
        clipped: bool,
        device: &Device,
    ) -> Result<Self, StateDictError> {
        let get = |part: &str| {
            let name = format!("{name}.{part}");
            tensors.get(&name).ok_or(StateDictError::Missing(name))
        };
        let (shape, weight) = get("weight")?;
        let (_, bias) = get("bias")?;
        let (kernel, per_group) = (shape[shape.len() - 1], shape[1]);
        // A depthwise convolution has one input channel a group.
        let groups = if per_group == 1 { shape[0] } else { 1 };
        let padding = kernel / 2;
        Ok(Self {
            weight: Tensor::from_data(TensorData::new(weight.clone(), shape.clone()), device),
            bias: Tensor::from_data(TensorData::new(bias.clone(), [bias.len()]), device),
            options: ConvOptions::new([stride; 2], [padding; 2], [1; 2], groups),
            clipped,
        })
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let weight = self.weight.clone();
        let is_pointwise = weight.dims()[2..] == [1, 1];
        let y = if is_pointwise && !devices::is_cpu(&x.device()) {
            gpu_training::pointwise(x, weight) + self.bias.clone().reshape([1, -1, 1, 1])
        } else {
            conv2d(x, weight, Some(self.bias.clone()), self.options.clone())
        };
        if self.clipped { y.clamp(0.0, 6.0) } else { y }
    }
}

impl Block {
    fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let skip = self.has_skip.then(|| input.clone());
        let output = self.layers.iter().fold(input, |x, layer| layer.forward(x));
        match skip {
            Some(skip) => output + skip,
            None => output,
        }
    }
}

/// Deviation of each channel of the teacher's maps over many images: what an error is measured in.
#[derive(Clone, Debug)]
pub struct Scale {
    /// `[1, c, 1, 1]` a part: the reciprocal of the deviation.
    reciprocals: Vec<Tensor<4>>,
}

impl Scale {
    /// Over all positions of all batches of maps; on `device`.
    pub fn of(batches: impl Iterator<Item = Vec<Tensor<4>>>, device: &Device) -> Self {
        let mean = |map: Tensor<4>| map.mean_dims(&[0, 2, 3]);
        let mut count = 0.0;
        let moments = batches.map(|maps| {
            count += 1.0;
            maps.into_iter().map(|map| (mean(map.clone()), mean(map.square()))).collect::<Vec<_>>()
        });
        let sums = moments.reduce(|sums, moments| {
            let pairs = sums.into_iter().zip(moments);
            pairs.map(|((mean, square), (another, another_square))| (mean + another, square + another_square)).collect()
        });
        let reciprocal = |(mean, square): (Tensor<4>, Tensor<4>)| {
            let variance = square / count - (mean / count).square();
            (variance.clamp_min(0.0) + 1e-6).sqrt().recip().to_device(device)
        };
        Self { reciprocals: sums.into_iter().flatten().map(reciprocal).collect() }
    }

    /// Mean squared error of one part's standardised map: the share of the teacher's variance that is not explained.
    pub fn error(&self, part: usize, student: Tensor<4>, teacher: Tensor<4>) -> Tensor<1> {
        ((student - teacher) * self.reciprocals[part].clone()).square().mean()
    }

    /// The same of what varies within each photo, in units of what the teacher's channel varies there: on one surface a
    /// channel may hardly vary that tells surfaces apart, and what it says of a place is what a detector looks at.
    pub fn error_within(&self, part: usize, student: Tensor<4>, teacher: Tensor<4>) -> Tensor<1> {
        /// Share of a channel's variance over all photos below which what varies within one is held to be nothing.
        const LEAST: f32 = 0.01;
        let centred = |map: Tensor<4>| {
            let map = map * self.reciprocals[part].clone();
            map.clone() - map.mean_dims(&[2, 3])
        };
        let teacher = centred(teacher);
        let variance = teacher.clone().square().mean_dims(&[2, 3]) + LEAST;
        ((centred(student) - teacher).square().mean_dims(&[2, 3]) / variance).mean()
    }
}
