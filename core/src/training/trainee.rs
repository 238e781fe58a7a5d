//! Trainee: all weights that a training step changes, in one module for one optimizer.

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::tensor::{Device, ExecutionError, TensorData};

use super::initial_weights::initial;
use super::spec::{DecoderTraining, TrainSpec};
use crate::detectors::classifier::Classifier;
use crate::embedding::decoder::Decoder;
use crate::embedding::embedder::{EMBEDDING_CHANNELS, Embedder};
use crate::files::state_dict::{StateDict, StateDictError, take};
use crate::network::features::Channels;

/// Embedder, decoder and classifier of one member.
#[derive(Module, Debug)]
pub(super) struct Trainee {
    /// Embedder.
    pub embedder: Embedder,
    /// Decoder.
    pub decoder: Decoder,
    /// Classifier, as one logit a position.
    pub classifier: Conv2d,
}

const CLASSIFIER_WEIGHT: &str = "head.weight";
const CLASSIFIER_BIAS: &str = "head.bias";

/// Seed of a member. Members of different trainings have different seeds.
pub(super) fn member_seed(spec: &TrainSpec, member: u32) -> u64 {
    spec.seed.wrapping_mul(1 << 16).wrapping_add(u64::from(member))
}

impl Trainee {
    /// A trainee with random weights, which are the same on every device. `device` keeps gradients.
    pub fn init(spec: &TrainSpec, extractor: Channels, device: &Device, member: u32) -> Self {
        let (embedder, decoder, classifier) = initial(member_seed(spec, member), device, |cpu| {
            let embedder = Embedder::init(spec.taps.channels(extractor), cpu);
            let classifier = Conv2dConfig::new([EMBEDDING_CHANNELS, 1], [1, 1]).init(cpu);
            (embedder, Decoder::init(extractor, cpu), classifier)
        });
        // Frozen weights stay random, but BatchNorm still updates its statistics. The output of the decoder's ReLU
        // alone could not be negative, while features are.
        let learns = matches!(spec.decoder, DecoderTraining::Trained | DecoderTraining::Before);
        let decoder = if learns { decoder } else { decoder.no_grad() };
        Self { embedder, decoder, classifier }
    }

    /// Tensors to keep: the embedder with the authors' names, and the classifier.
    pub async fn to_state_dict(&self) -> Result<StateDict, ExecutionError> {
        let mut tensors = self.embedder.to_state_dict().await?;
        let values = |tensor: TensorData| tensor.try_into_vec().expect("the weights of a trainee are f32");
        let weight = values(self.classifier.weight.val().into_data_async().await?);
        tensors.insert(CLASSIFIER_WEIGHT.into(), (vec![EMBEDDING_CHANNELS], weight));
        let bias = match &self.classifier.bias {
            Some(bias) => values(bias.val().into_data_async().await?),
            None => vec![0.0],
        };
        tensors.insert(CLASSIFIER_BIAS.into(), (vec![1], bias));
        Ok(tensors)
    }
}

/// Takes the classifier out of the tensors that [`Trainee::to_state_dict`] gave.
pub(super) fn take_classifier(tensors: &mut StateDict) -> Result<Classifier, StateDictError> {
    let weights = take(tensors, CLASSIFIER_WEIGHT, &[EMBEDDING_CHANNELS])?;
    let bias = take(tensors, CLASSIFIER_BIAS, &[1])?;
    let mut own = [0.0; EMBEDDING_CHANNELS];
    own.copy_from_slice(&weights);
    Ok(Classifier::new(&own, bias[0]))
}

#[cfg(test)]
mod tests {
    use burn::tensor::{DeviceKind, DeviceType};

    use super::*;
    use crate::training::presets;
    use crate::training::spec::Preset;

    fn weights(device: Device) -> StateDict {
        let spec = presets::spec(Preset::Default);
        let channels = Channels { stage5: 8, stage7: 16 };
        let trainee = Trainee::init(&spec, channels, &device.autodiff(), 2);
        futures_lite::future::block_on(trainee.to_state_dict()).unwrap()
    }

    #[test]
    fn a_seed_gives_the_same_weights() {
        assert_eq!(weights(Device::flex()), weights(Device::flex()));
    }

    #[test]
    #[ignore = "needs a GPU"]
    fn a_gpu_starts_from_the_weights_of_the_cpu() {
        assert!(!Device::enumerate(DeviceType::Wgpu).into_vec().is_empty(), "no GPU here for wgpu");
        assert_eq!(weights(Device::wgpu(DeviceKind::DefaultDevice)), weights(Device::flex()));
    }
}
