//! The number format that a network computes in, beside the f32 of its weights.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Device, FloatDType, Tensor};

/// What computes in this format gives maps that are cast back: weights, their gradients, and errors stay precise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compute(FloatDType);

/// The device has no arithmetic of the format.
#[derive(Debug, thiserror::Error)]
#[error("the device does not compute in {0:?}: leave --bf16 away, or use --device cuda")]
pub struct Unsupported(FloatDType);

impl Compute {
    /// As weights are.
    pub const F32: Self = Self(FloatDType::F32);

    /// In bf16, which has the range of f32: no loss has to be scaled.
    pub fn bf16(device: &Device) -> Result<Self, Unsupported> {
        let format = FloatDType::BF16;
        if device.supports_dtype(format) { Ok(Self(format)) } else { Err(Unsupported(format)) }
    }

    /// A copy of `network` that computes in this format. Gradients of what it gives are those of `network`'s own weights.
    pub fn of<M: Module>(self, network: &M) -> M {
        network.clone().map(&mut Cast(self.0))
    }

    /// As the copy takes them.
    pub fn enter(self, images: Tensor<4>) -> Tensor<4> {
        images.cast(self.0)
    }
}

struct Cast(FloatDType);

impl ModuleMapper for Cast {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|tensor| tensor.cast(self.0))
    }
}
