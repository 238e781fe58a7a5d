//! BatchNorm folded into the convolution before it, on plain numbers: done once, when a model file is written.
//!
//! `bn(conv(x)) = conv'(x) + b'` with `w' = w * gamma / sqrt(var + eps)` and `b' = beta - mean * gamma / sqrt(var + eps)`.

use crate::files::state_dict::{StateDict, StateDictError, take};

/// What a BatchNorm layer in eval mode does to each channel: `x * scale + shift`.
#[derive(Clone, Debug)]
pub struct ChannelAffine {
    /// One a channel.
    pub scale: Vec<f32>,
    /// One a channel.
    pub shift: Vec<f32>,
}

impl ChannelAffine {
    /// Takes the BatchNorm layer `name` of `channels` channels out of `tensors` (PyTorch's four names).
    pub fn take(tensors: &mut StateDict, name: &str, channels: usize, epsilon: f64) -> Result<Self, StateDictError> {
        let mut part = |part: &str| take(tensors, &format!("{name}.{part}"), &[channels]);
        let (gamma, beta) = (part("weight")?, part("bias")?);
        let (mean, variance) = (part("running_mean")?, part("running_var")?);
        let scale: Vec<f64> = gamma
            .iter()
            .zip(&variance)
            .map(|(gamma, variance)| f64::from(*gamma) / (f64::from(*variance) + epsilon).sqrt())
            .collect();
        let shift = beta
            .iter()
            .zip(&mean)
            .zip(&scale)
            .map(|((beta, mean), scale)| (f64::from(*beta) - f64::from(*mean) * scale) as f32)
            .collect();
        Ok(Self { scale: scale.iter().map(|scale| *scale as f32).collect(), shift })
    }
}

/// Folds BatchNorm `norm` into convolution `conv` in place: the weights change, a bias appears, the norm is gone.
pub fn fold(tensors: &mut StateDict, conv: &str, norm: &str, epsilon: f64) -> Result<(), StateDictError> {
    let key = format!("{conv}.weight");
    let (shape, mut weight) = tensors.remove(&key).ok_or_else(|| StateDictError::Missing(key.clone()))?;
    let channels = shape.first().copied().unwrap_or(0);
    let affine = ChannelAffine::take(tensors, norm, channels, epsilon)?;
    let per_channel = weight.len().checked_div(channels).unwrap_or(0).max(1);
    for (filter, scale) in weight.chunks_exact_mut(per_channel).zip(&affine.scale) {
        filter.iter_mut().for_each(|w| *w *= scale);
    }
    tensors.insert(key, (shape, weight));
    tensors.insert(format!("{conv}.bias"), (vec![channels], affine.shift));
    Ok(())
}
