//! Numbers by formula, the same as in `tests/reference/formula.py`, so that inputs and weights need no file.

use burn::tensor::{Device, Tensor, TensorData};
use cse::files::state_dict::StateDict;

/// FNV-1a, 64 bits.
const OFFSET_BASIS: u64 = 0xCBF2_9CE4_8422_2325;
const PRIME: u64 = 0x0100_0000_01B3;
/// SplitMix64.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
const MIX: [u64; 2] = [0xBF58_476D_1CE4_E5B9, 0x94D0_49BB_1331_11EB];

/// Numbers of -1 to 1, each a hash of `name` and its index, in steps of 2^-23.
pub fn noise(name: &str) -> impl Iterator<Item = f64> + use<> {
    let seed = name.bytes().fold(OFFSET_BASIS, |seed, byte| (seed ^ u64::from(byte)).wrapping_mul(PRIME));
    (1u64..).map(move |index| {
        let z = seed.wrapping_add(STEP.wrapping_mul(index));
        let z = (z ^ (z >> 30)).wrapping_mul(MIX[0]);
        let z = (z ^ (z >> 27)).wrapping_mul(MIX[1]);
        ((z ^ (z >> 31)) >> 40) as f64 / f64::from(1 << 23) - 1.0
    })
}

/// A tensor of [`noise`] in row-major order, each number changed by `change` before it is rounded to f32.
pub fn changed<const D: usize>(
    name: &str,
    shape: [usize; D],
    change: impl Fn(f64) -> f64,
    device: &Device,
) -> Tensor<D> {
    let values: Vec<f32> = noise(name).take(shape.iter().product()).map(|value| change(value) as f32).collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// A tensor of [`noise`] in row-major order.
pub fn tensor<const D: usize>(name: &str, shape: [usize; D], device: &Device) -> Tensor<D> {
    changed(name, shape, |value| value, device)
}

/// Weights of a network, by names and shapes. Convolutions are scaled by their number of inputs, as in Kaiming
/// initialisation, with a gain between those of linear layers and of ReLU. So activations neither vanish nor explode.
pub fn weights(shapes: impl IntoIterator<Item = (String, Vec<usize>)>) -> StateDict {
    let weight = |name: &str, shape: &[usize], value: f64| match (shape, name.rsplit('.').next()) {
        ([_, filter @ ..], _) if !filter.is_empty() => value * (4.5 / filter.iter().product::<usize>() as f64).sqrt(),
        (_, Some("bias")) => value / 2.0,
        (_, Some("running_mean")) => value / 4.0,
        // BatchNorm's factor and variance.
        _ => 1.0 + value / 2.0,
    };
    shapes
        .into_iter()
        .map(|(name, shape)| {
            let count = shape.iter().product();
            let values = noise(&name).take(count).map(|value| weight(&name, &shape, value) as f32).collect();
            (name, (shape, values))
        })
        .collect()
}

/// Gives every tensor of a network new values by formula.
pub fn weights_like(tensors: StateDict) -> StateDict {
    weights(tensors.into_iter().map(|(name, (shape, _))| (name, shape)))
}
