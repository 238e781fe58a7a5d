//! The number format that a network computes in, beside the f32 of its weights.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Device, FloatDType, Tensor};

/// What computes in this format gives and takes f32: weights, their gradients, images, maps and errors stay precise.
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
        if self == Self::F32 { network.clone() } else { network.clone().map(&mut Cast(self.0)) }
    }

    /// As the copy takes it.
    pub fn enter(self, images: Tensor<4>) -> Tensor<4> {
        if self == Self::F32 { images } else { images.cast(self.0) }
    }

    /// What the copy gives, in f32.
    pub fn leave(self, map: Tensor<4>) -> Tensor<4> {
        if self == Self::F32 { map } else { map.cast(FloatDType::F32) }
    }
}

struct Cast(FloatDType);

impl ModuleMapper for Cast {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|tensor| tensor.cast(self.0))
    }
}
