//! 1x1 convolution without bias, ReLU, BatchNorm: the block that embedder and decoder are made of.
//!
//! A chain of blocks takes rows of channels, one a position, and each BatchNorm is a scale and a shift that wait for the
//! next convolution's weights: so a block is one matrix product over the rows, a ReLU and two means, and its gradient
//! likewise. Training on a CPU spends most of its time here.

use burn::module::{Initializer, Module, Param, RunningState};
use burn::tensor::{Device, Tensor, TensorData, activation};

use crate::fused::Fused;
use crate::state_dict::{StateDict, StateDictError, take};

/// PyTorch's and Burn's, as everywhere in the authors' code.
pub(crate) const BATCH_NORM_EPSILON: f64 = 1e-5;
/// Share of the running statistics that a batch replaces; PyTorch's default.
const MOMENTUM: f64 = 0.1;

/// What BatchNorm normalises with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Statistics {
    /// The batch's while training, which also measures the running ones; the running ones otherwise.
    #[default]
    Batch,
    /// The running ones, even while training.
    Running,
}

/// Rows `[positions, channels]` on their way through blocks.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    values: Tensor<2>,
    /// What is still to be done to each channel, before anything but a block sees the values.
    affine: Affine,
}

/// `scale * x + shift`, one of each a channel, `[1, channels]`.
#[derive(Clone, Debug)]
pub(crate) struct Affine {
    pub(crate) scale: Tensor<2>,
    pub(crate) shift: Tensor<2>,
}

impl Affine {
    /// Weight and bias of a convolution, `[output, channels]` and `[1, output]`, that does this first and then what
    /// `weight` does.
    fn before(self, weight: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let bias = self.shift.matmul(weight.clone().transpose());
        (weight * self.scale, bias)
    }
}

impl Rows {
    /// The rows, all done.
    pub(crate) fn into_values(self) -> Tensor<2> {
        self.values * self.affine.scale + self.affine.shift
    }
}

/// One block.
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
    /// With random weights, as PyTorch's `Conv2d` draws them.
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

    /// Puts both back by their PyTorch names. Waits for the device.
    pub(crate) fn put(&self, tensors: &mut StateDict, conv: &str, norm: &str) {
        let mut put = |name: String, shape: Vec<usize>, data: TensorData| {
            tensors.insert(name, (shape, data.try_into_vec().unwrap_or_default()));
        };
        let weight = self.weight.val();
        let [output, input] = weight.dims();
        put(format!("{conv}.weight"), vec![output, input, 1, 1], weight.into_data());
        for (part, value) in [
            ("weight", self.gamma.val()),
            ("bias", self.beta.val()),
            ("running_mean", self.running_mean.value_sync()),
            ("running_var", self.running_var.value_sync()),
        ] {
            put(format!("{norm}.{part}"), vec![output], value.into_data());
        }
    }

    /// The first block of an embedder.
    pub(crate) fn forward_fused(&self, fused: Fused, standardise: Affine, statistics: Statistics) -> Rows {
        let (weight, bias) = standardise.before(self.weight.val());
        self.finish(fused.product(weight) + bias, statistics)
    }

    /// The first block of a head of the decoder: rows with nothing left to do.
    pub(crate) fn forward_values(&self, values: Tensor<2>, statistics: Statistics) -> Rows {
        self.finish(values.matmul(self.weight.val().transpose()), statistics)
    }

    /// A block after another.
    pub(crate) fn forward(&self, rows: Rows, statistics: Statistics) -> Rows {
        let (weight, bias) = rows.affine.before(self.weight.val());
        self.finish(rows.values.matmul(weight.transpose()) + bias, statistics)
    }

    /// ReLU and BatchNorm.
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
