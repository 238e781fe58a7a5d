//! Objective of a training step: the weighted sum of the contrastive and the decoder term of a batch of pairs.

use burn::tensor::{Device, Tensor, TensorData};

use super::error::TrainingError;
use super::feature_store::{FeatureStore, Slot};
use super::losses;
use super::pairs::Pair;
use super::spec::{DecoderTraining, TrainSpec};
use super::trainee::Trainee;
use crate::detectors::method::Method;
use crate::embedding::embedder::{Statistics, pool};
use crate::embedding::standardisation::Standardise;
use crate::network::features::Features;

/// Pairs in one pass of a validation.
const VALIDATED_AT_ONCE: usize = 16;

/// Objective on one device.
pub(super) struct Objective<'a> {
    /// Settings.
    pub spec: &'a TrainSpec,
    /// Weight of the contrastive term.
    pub contrast_weight: f64,
    /// Features.
    pub store: &'a FeatureStore,
    /// Standardisation before the embedder.
    pub standardise: Standardise,
    /// Device.
    pub device: Device,
}

/// Values of an objective, summed over the pairs of a batch.
pub(super) struct Terms {
    /// Weighted sum of both terms.
    pub sum: Tensor<1>,
    /// Contrastive term.
    pub contrastive: Tensor<1>,
    /// Decoder term. 0 without a decoder.
    pub decoder: Tensor<1>,
}

impl Objective<'_> {
    /// Terms of a batch.
    pub fn terms(&self, trainee: &Trainee, pairs: &[Pair], statistics: Statistics) -> Result<Terms, TrainingError> {
        let n = pairs.len();
        // One batch of both sides, so that BatchNorm sees good and defective windows together.
        let slots: Vec<Slot> = pairs.iter().map(|pair| pair.a).chain(pairs.iter().map(|pair| pair.b)).collect();
        let features = self.store.batch(&slots, &self.device)?.efficient_net()?;
        let of_a = Features {
            stage5: features.stage5.clone().narrow(0, 0, n),
            stage7: features.stage7.clone().narrow(0, 0, n),
        };
        let e14 = trainee.embedder.forward(self.spec.taps.concatenated(features), &self.standardise, statistics);
        let (e14_a, e14_b) = (e14.clone().narrow(0, 0, n), e14.narrow(0, n, n));
        let contrastive = self.contrastive(trainee, pairs, e14_a.clone(), e14_b);
        let weighted = contrastive.clone() * self.contrast_weight;
        if self.spec.decoder == DecoderTraining::None || self.spec.decoder_weight == 0.0 {
            return Ok(Terms { sum: weighted, decoder: contrastive.zeros_like(), contrastive });
        }
        let decoder = losses::decoder(trainee.decoder.forward(e14_a), of_a);
        Ok(Terms { sum: weighted + decoder.clone() * self.spec.decoder_weight, contrastive, decoder })
    }

    /// Contrastive term of two embeddings `[n, 64, rows, columns]`, or the classification loss that replaces it.
    fn contrastive(&self, trainee: &Trainee, pairs: &[Pair], a: Tensor<4>, b: Tensor<4>) -> Tensor<1> {
        let (n, device) = (pairs.len(), &self.device);
        if self.spec.method == Method::Classifier {
            let e7 = pool(Tensor::cat(vec![a, b], 0));
            let defective = Tensor::cat(vec![Tensor::zeros([n], device), defective(pairs, device)], 0);
            losses::classification(trainee.classifier.forward(e7), defective)
        } else {
            losses::contrastive(pool(a), pool(b), defective(pairs, device), self.spec.grouping)
        }
    }

    /// Mean of the weighted sum over pairs, with the running statistics of BatchNorm.
    pub async fn mean(&self, trainee: &Trainee, pairs: &[Pair]) -> Result<f64, TrainingError> {
        let mut sum = 0.0;
        for batch in pairs.chunks(VALIDATED_AT_ONCE) {
            sum += scalar(self.terms(trainee, batch, Statistics::Batch)?.sum).await?;
        }
        Ok(sum / pairs.len().max(1) as f64)
    }
}

/// Reads a tensor of one value from its device.
pub(super) async fn scalar(tensor: Tensor<1>) -> Result<f64, TrainingError> {
    Ok(tensor.into_scalar_async::<f64>().await?)
}

/// 1 for each pair with a defect, else 0.
fn defective(pairs: &[Pair], device: &Device) -> Tensor<1> {
    let values: Vec<f32> = pairs.iter().map(|pair| f32::from(pair.defective)).collect();
    Tensor::from_data(TensorData::new(values, [pairs.len()]), device)
}
