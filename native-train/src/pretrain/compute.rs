//! Number format that a network computes in, while its weights stay f32.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Device, FloatDType, Tensor};

/// Number format of a computation. Maps are cast back to f32, so that weights, gradients and errors stay precise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compute(FloatDType);

/// Why the device cannot compute in the format.
#[derive(Debug, thiserror::Error)]
#[error("the device does not compute in {0:?}: leave out --bf16, or use --device cuda")]
pub struct Unsupported(FloatDType);

impl Compute {
    /// The format of the weights.
    pub const F32: Self = Self(FloatDType::F32);

    /// The format bf16. It has the range of f32, so that no loss has to be scaled.
    pub fn bf16(device: &Device) -> Result<Self, Unsupported> {
        let format = FloatDType::BF16;
        if device.supports_dtype(format) { Ok(Self(format)) } else { Err(Unsupported(format)) }
    }

    /// Copy of `network` that computes in this format. Gradients of its output are those of `network`'s own weights.
    pub fn of<M: Module>(self, network: &M) -> M {
        network.clone().map(&mut Cast(self.0))
    }

    /// Casts the input of such a copy.
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
