//! The student's first weights: an EfficientNet-B0 that computes nearly what EfficientNet-Lite0 does.
//!
//! Lite0 is B0 without squeeze-and-excitation and with ReLU6 in place of SiLU; all convolutions have the same shape.
//! Two identities bring its weights over:
//! - `silu(k x) / k` goes to `relu(x)` as `k` grows. The factor `k` goes into the weights before an activation, `1 / k`
//!   into those after it. What is lost is ReLU6's upper bound.
//! - A gate that is the same for all channels and images is a factor, which the next convolution takes back.

use cse::efficientnet::Architecture;
use cse::state_dict::{StateDict, StateDictError, take};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

/// The gates' bias at the start: their sigmoid is then 0.88, open but steep enough to learn.
const GATE_BIAS: f32 = 2.0;

/// B0's tensors, BatchNorm folded, from Lite0's of [`super::teacher::folded_lite0`]. `sharpness` is `k` above, 2..16.
pub fn b0_from_lite0(mut lite0: StateDict, sharpness: f32, seed: u64) -> Result<StateDict, StateDictError> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let gate = 1.0 / (1.0 + (-GATE_BIAS).exp());
    let mut b0 = StateDict::new();
    let mut carry = |name: &str, weight_factor: f32, bias_factor: f32| -> Result<Vec<usize>, StateDictError> {
        let mut shape = Vec::new();
        for (part, factor) in [("weight", weight_factor), ("bias", bias_factor)] {
            let name = format!("{name}.{part}");
            let (dims, mut values) = lite0.remove(&name).ok_or_else(|| StateDictError::Missing(name.clone()))?;
            values.iter_mut().for_each(|value| *value *= factor);
            if part == "weight" {
                shape.clone_from(&dims);
            }
            b0.insert(name, (dims, values));
        }
        Ok(shape)
    };
    carry("conv_stem", sharpness, sharpness)?;
    let mut gates = Vec::new();
    let mut input = Architecture::B0.stem_channels();
    for (s, stage) in Architecture::B0.stages().iter().enumerate() {
        for b in 0..stage.repeats {
            let name = |part: &str| format!("blocks.{s}.{b}.{part}");
            let projection = if stage.expand == 1 {
                "conv_pw"
            } else {
                carry(&name("conv_pw"), sharpness, sharpness)?;
                "conv_pwl"
            };
            // Its input carries the factor already.
            let middle = carry(&name("conv_dw"), 1.0, sharpness)?[0];
            carry(&name(projection), 1.0 / (sharpness * gate), 1.0)?;
            gates.push((name("se"), middle, input / 4));
            input = stage.channels;
        }
    }
    for (name, middle, reduced) in gates {
        // Random in, zero out: the gates are constant at first and learn from the first step.
        let deviation = 1.0 / (sharpness * (middle as f32).sqrt());
        let random = (0..middle * reduced).map(|_| deviation * rng.sample::<f32, _>(StandardNormal)).collect();
        b0.insert(format!("{name}.conv_reduce.weight"), (vec![reduced, middle, 1, 1], random));
        b0.insert(format!("{name}.conv_reduce.bias"), (vec![reduced], vec![0.0; reduced]));
        b0.insert(format!("{name}.conv_expand.weight"), (vec![middle, reduced, 1, 1], vec![0.0; middle * reduced]));
        b0.insert(format!("{name}.conv_expand.bias"), (vec![middle], vec![GATE_BIAS; middle]));
    }
    Ok(b0)
}

/// The same network with BatchNorm layers that do nothing, as the writer of extractor files wants it.
pub fn with_neutral_norms(mut folded: StateDict) -> Result<StateDict, StateDictError> {
    let gamma = (1.0 + Architecture::B0.batch_norm_epsilon() as f32).sqrt();
    let mut pairs = vec![("conv_stem".to_owned(), "bn1".to_owned())];
    for (s, stage) in Architecture::B0.stages().iter().enumerate() {
        for b in 0..stage.repeats {
            let convs: &[&str] =
                if stage.expand == 1 { &["conv_dw", "conv_pw"] } else { &["conv_pw", "conv_dw", "conv_pwl"] };
            for (number, conv) in convs.iter().enumerate() {
                pairs.push((format!("blocks.{s}.{b}.{conv}"), format!("blocks.{s}.{b}.bn{}", number + 1)));
            }
        }
    }
    for (conv, norm) in pairs {
        let channels = folded.get(&format!("{conv}.weight")).and_then(|(shape, _)| shape.first()).copied();
        let channels = channels.ok_or_else(|| StateDictError::Missing(format!("{conv}.weight")))?;
        let bias = take(&mut folded, &format!("{conv}.bias"), &[channels])?;
        for (part, values) in [
            ("weight", vec![gamma; channels]),
            ("bias", bias),
            ("running_mean", vec![0.0; channels]),
            ("running_var", vec![1.0; channels]),
        ] {
            folded.insert(format!("{norm}.{part}"), (vec![channels], values));
        }
    }
    Ok(folded)
}
