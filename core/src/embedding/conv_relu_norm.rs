//! 1x1 convolution without bias, ReLU, BatchNorm: the block of embedder and decoder.
//!
//! A chain of blocks takes rows of channels, one row a position. Each BatchNorm is a scale and a shift, which are folded
//! into the next convolution's weights. So a block is one matrix product over the rows, a ReLU and two means. Training on a
//! CPU spends most of its time here.

use burn::module::{Initializer, Module, Param, RunningState};
use burn::tensor::{Device, ExecutionError, Tensor, TensorData, activation};

use super::concatenated::Concatenated;
use crate::files::state_dict::{StateDict, StateDictError, take};

/// Epsilon of BatchNorm: the default of PyTorch and Burn, which the authors' code uses.
pub(crate) const BATCH_NORM_EPSILON: f64 = 1e-5;
/// Share of the running statistics that each batch replaces: PyTorch's default.
const MOMENTUM: f64 = 0.1;

/// Statistics that BatchNorm normalises with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Statistics {
    /// Statistics of the batch in training, which also update the running ones. Otherwise the running ones.
    #[default]
    Batch,
    /// Running statistics, in training too.
    Running,
}

/// Rows `[positions, channels]` between two blocks.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    values: Tensor<2>,
    /// Scale and shift of each channel that are not applied yet: the next block folds them into its weights.
    affine: Affine,
}

/// `scale * x + shift`, one of each a channel, `[1, channels]`.
#[derive(Clone, Debug)]
pub(crate) struct Affine {
    pub(crate) scale: Tensor<2>,
    pub(crate) shift: Tensor<2>,
}

impl Affine {
    /// Weight and bias of a convolution, `[output, channels]` and `[1, output]`, that applies this and then `weight`.
    fn before(self, weight: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let bias = self.shift.matmul(weight.clone().transpose());
        (weight * self.scale, bias)
    }
}

impl Rows {
    /// The rows, with scale and shift applied.
    pub(crate) fn into_values(self) -> Tensor<2> {
        self.values * self.affine.scale + self.affine.shift
    }
}

/// Block of 1x1 convolution, ReLU and BatchNorm.
#[derive(Module, Debug)]
pub(crate) struct ConvReluNorm {
    /// `[output, input]`.
    weight: Param<Tensor<2>>,
    gamma: Param<Tensor<1>>,
    beta: Param<Tensor<1>>,
    running_mean: RunningState<Tensor<1>>,
    running_var: RunningState<Tensor<1>>,
}

impl ConvReluNorm {
    /// A block with random weights, drawn like those of PyTorch's `Conv2d`.
    pub(crate) fn init(input: usize, output: usize, device: &Device) -> Self {
        let uniform = Initializer::KaimingUniform { gain: 1.0 / 3f64.sqrt(), fan_out_only: false };
        Self {
            weight: uniform.init_with([output, input], Some(input), None, device),
            gamma: Initializer::Ones.init([output], device),
            beta: Initializer::Zeros.init([output], device),
            running_mean: RunningState::new(Tensor::zeros([output], device)),
            running_var: RunningState::new(Tensor::ones([output], device)),
        }
    }

    /// Takes a convolution and the BatchNorm after it by their PyTorch names.
    pub(crate) fn take(
        tensors: &mut StateDict,
        (conv, norm): (&str, &str),
        (input, output): (usize, usize),
        device: &Device,
    ) -> Result<Self, StateDictError> {
        let weight = take(tensors, &format!("{conv}.weight"), &[output, input, 1, 1])?;
        let mut vector = |part: &str| -> Result<Tensor<1>, StateDictError> {
            let values = take(tensors, &format!("{norm}.{part}"), &[output])?;
            Ok(Tensor::from_data(TensorData::new(values, [output]), device))
        };
        Ok(Self {
            weight: Param::from_tensor(Tensor::from_data(TensorData::new(weight, [output, input]), device)),
            gamma: Param::from_tensor(vector("weight")?),
            beta: Param::from_tensor(vector("bias")?),
            running_mean: RunningState::new(vector("running_mean")?),
            running_var: RunningState::new(vector("running_var")?),
        })
    }

    /// Adds convolution and BatchNorm to `tensors` by their PyTorch names, read from the device.
    pub(crate) async fn put(&self, tensors: &mut StateDict, conv: &str, norm: &str) -> Result<(), ExecutionError> {
        let values = |data: TensorData| data.try_into_vec().expect("the weights of an embedder are f32");
        let weight = self.weight.val();
        let [output, input] = weight.dims();
        let weight = values(weight.into_data_async().await?);
        tensors.insert(format!("{conv}.weight"), (vec![output, input, 1, 1], weight));
        for (part, value) in [
            ("weight", self.gamma.val()),
            ("bias", self.beta.val()),
            ("running_mean", self.running_mean.value_sync()),
            ("running_var", self.running_var.value_sync()),
        ] {
            tensors.insert(format!("{norm}.{part}"), (vec![output], values(value.into_data_async().await?)));
        }
        Ok(())
    }

    /// Output of an embedder's first block.
    pub(crate) fn forward_taps(&self, taps: Concatenated, standardise: Affine, statistics: Statistics) -> Rows {
        let (weight, bias) = standardise.before(self.weight.val());
        self.finish(taps.product(weight) + bias, statistics)
    }

    /// Output of the first block of a decoder head, whose rows are plain values.
    pub(crate) fn forward_values(&self, values: Tensor<2>, statistics: Statistics) -> Rows {
        self.finish(values.matmul(self.weight.val().transpose()), statistics)
    }

    /// Output of a block that follows another block.
    pub(crate) fn forward(&self, rows: Rows, statistics: Statistics) -> Rows {
        let (weight, bias) = rows.affine.before(self.weight.val());
        self.finish(rows.values.matmul(weight.transpose()) + bias, statistics)
    }

    /// ReLU, and the scale and shift of BatchNorm.
    fn finish(&self, product: Tensor<2>, statistics: Statistics) -> Rows {
        let values = activation::relu(product);
        let (mean, variance) = self.moments(&values, statistics);
        let scale = self.gamma.val().unsqueeze() / (variance + BATCH_NORM_EPSILON).sqrt();
        let shift = self.beta.val().unsqueeze() - mean * scale.clone();
        Rows { values, affine: Affine { scale, shift } }
    }

    /// Mean and variance that BatchNorm normalises with, `[1, output]`.
    fn moments(&self, values: &Tensor<2>, statistics: Statistics) -> (Tensor<2>, Tensor<2>) {
        let trains = values.device().is_autodiff();
        if statistics == Statistics::Running || !trains {
            return (self.running_mean.value_sync().unsqueeze(), self.running_var.value_sync().unsqueeze());
        }
        let mean = values.clone().mean_dim(0);
        let variance = (values.clone().square().mean_dim(0) - mean.clone().square()).clamp_min(0.0);
        for (running, measured) in [(&self.running_mean, &mean), (&self.running_var, &variance)] {
            let kept = running.value_sync() * (1.0 - MOMENTUM);
            running.update((kept + measured.clone().detach().squeeze_dim(0) * MOMENTUM).detach());
        }
        (mean, variance)
    }
}
