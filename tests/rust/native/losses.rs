//! Parity of losses and their gradients with PyTorch (`tests/reference/training.py`).

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor, TensorData};
use cse::network::features::Features;
use cse::training::losses::{self, Grouping};
use cse_tests::formula;
use cse_tests::golden::Summary;
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    losses: BTreeMap<String, Slopes>,
}

#[derive(Deserialize)]
struct Slopes {
    loss: f64,
    /// Gradient of each input.
    gradients: Vec<Summary>,
}

const PAIRS: usize = 4;
const CHANNELS: usize = 16;

/// Panics where `loss` of `inputs` or one of its gradients differs from PyTorch's.
fn compare<const N: usize>(name: &str, inputs: [Tensor<4>; N], loss: impl FnOnce([Tensor<4>; N]) -> Tensor<1>) {
    let reference: Reference =
        serde_json::from_str(include_str!("../../reference/training.json")).expect("the reference's form");
    let theirs = &reference.losses[name];
    let inputs = inputs.map(Tensor::require_grad);
    let ours = loss(inputs.clone());
    let gradients = ours.backward();
    let ours = f64::from(ours.into_scalar::<f32>());
    println!("{name}: {ours} against {}", theirs.loss);
    assert!((ours - theirs.loss).abs() < 1e-5 * theirs.loss, "{name}: {ours} against {}", theirs.loss);
    assert_eq!(theirs.gradients.len(), N);
    for (index, (input, theirs)) in inputs.iter().zip(&theirs.gradients).enumerate() {
        let gradient = input.grad(&gradients).expect("a gradient");
        theirs.assert_near(gradient, &format!("{name}, gradient {index}"), 1e-5);
    }
}

fn device() -> Device {
    Device::flex().autodiff()
}

fn pair(side: usize) -> [Tensor<4>; 2] {
    ["a", "b"].map(|name| formula::tensor(name, [PAIRS, CHANNELS, side, side], &device()))
}

fn logits(side: usize) -> [Tensor<4>; 1] {
    let mut values: Vec<f32> =
        formula::noise("logits").take(PAIRS * side * side).map(|value| (4.0 * value) as f32).collect();
    // Logits so large that a probability in f32 would be 0 or 1.
    (values[0], values[side * side]) = (40.0, -40.0);
    [Tensor::from_data(TensorData::new(values, [PAIRS, 1, side, side]), &device())]
}

/// Covers of the pairs. No position of the first pair is covered, and few positions of the others are covered fully.
fn cover() -> Tensor<4> {
    const POSITIONS: usize = 14 * 14;
    let mut shares: Vec<f32> =
        formula::noise("cover").take(PAIRS * POSITIONS).map(|value| value.max(0.0).powi(3) as f32).collect();
    shares[..POSITIONS].fill(0.0);
    Tensor::from_data(TensorData::new(shares, [PAIRS, 1, 14, 14]), &device())
}

fn defective() -> Tensor<1> {
    Tensor::from_data(TensorData::from([0.0f32, 1.0, 1.0, 0.0]), &device())
}

#[test]
fn contrast_by_position_is_that_of_pytorch() {
    compare("contrastive_by_position", pair(14), |[a, b]| losses::contrastive_by_position(a, b, cover()));
}

#[test]
fn contrast_of_images_is_that_of_pytorch() {
    for (name, grouping) in [("contrastive_position", Grouping::Position), ("contrastive_rows", Grouping::Rows)] {
        compare(name, pair(7), |[a, b]| losses::contrastive(a, b, defective(), grouping));
    }
}

#[test]
fn classification_is_that_of_pytorch() {
    compare("classification", logits(7), |[logits]| losses::classification(logits, defective()));
}

#[test]
fn the_decoder_term_is_that_of_pytorch() {
    let maps = |names: [&str; 2]| {
        [(names[0], 14), (names[1], 7)]
            .map(|(name, side)| formula::tensor(name, [PAIRS, CHANNELS, side, side], &device()))
    };
    compare("decoder", maps(["d1", "d2"]), |[stage5, stage7]| {
        let [of_photo_1, of_photo_2] = maps(["stage5", "stage7"]);
        losses::decoder(Features { stage5, stage7 }, Features { stage5: of_photo_1, stage7: of_photo_2 })
    });
}
