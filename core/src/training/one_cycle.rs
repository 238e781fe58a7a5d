//! The one-cycle schedule and the Adam that follows it, as PyTorch computes them (`OneCycleLR` and `Adam`).
//!
//! `OneCycleLR` changes the learning rate, and also Adam's first beta, from 0.95 to 0.85 and back. Burn's Adam has fixed
//! betas, so this one computes the beta from its step.

use std::f64::consts::PI;

use burn::optim::{AdaptiveMomentumState, LearningRate, Optimizer};
use burn::tensor::{Device, Tensor};

/// Share of the steps in which the rate rises (PyTorch's `pct_start`).
const WARM_UP: f64 = 0.3;
/// Highest rate divided by the first (`div_factor`).
const START_DIVISOR: f64 = 25.0;
/// First rate divided by the last (`final_div_factor`).
const FINAL_DIVISOR: f64 = 1e4;
const BETA1: (f64, f64) = (0.85, 0.95);
const BETA2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

/// One-cycle schedule over a fixed number of steps.
#[derive(Clone, Copy, Debug)]
pub struct OneCycle {
    /// Highest learning rate.
    pub max_lr: f64,
    /// Number of steps of the training.
    pub steps: usize,
}

impl OneCycle {
    /// Learning rate of step `step`, from 0.
    pub fn lr(&self, step: usize) -> f64 {
        let start = self.max_lr / START_DIVISOR;
        self.cycle(step, start, self.max_lr, start / FINAL_DIVISOR)
    }

    /// Adam's first beta at step `step`, from 0.
    pub fn beta1(&self, step: usize) -> f64 {
        self.cycle(step, BETA1.1, BETA1.0, BETA1.1)
    }

    fn cycle(&self, step: usize, start: f64, top: f64, end: f64) -> f64 {
        let up = WARM_UP * self.steps as f64 - 1.0;
        let last = self.steps as f64 - 1.0;
        let step = (step as f64).min(last);
        if step <= up { cosine(start, top, step / up) } else { cosine(top, end, (step - up) / (last - up)) }
    }
}

fn cosine(from: f64, to: f64, part: f64) -> f64 {
    to + (from - to) / 2.0 * (1.0 + (PI * part).cos())
}

/// Adam with L2 weight decay, its first beta on the schedule.
#[derive(Clone, Copy, Debug)]
pub struct OneCycleAdam {
    /// Schedule of the first beta. The learning rate is given with each step.
    pub schedule: OneCycle,
    /// Factor of the weight that is added to its gradient.
    pub weight_decay: f64,
}

impl Optimizer for OneCycleAdam {
    type State<const D: usize> = AdaptiveMomentumState<D>;

    fn step<const D: usize>(
        &self,
        rate: LearningRate,
        tensor: Tensor<D>,
        gradient: Tensor<D>,
        state: Option<Self::State<D>>,
    ) -> (Tensor<D>, Option<Self::State<D>>) {
        let gradient = gradient + tensor.clone() * self.weight_decay;
        let (time, moment_1, moment_2) = match state {
            Some(state) => (state.time, state.moment_1, state.moment_2),
            None => (0, gradient.zeros_like(), gradient.zeros_like()),
        };
        let beta1 = self.schedule.beta1(time);
        let time = time + 1;
        let moment_1 = moment_1 * beta1 + gradient.clone() * (1.0 - beta1);
        let moment_2 = moment_2 * BETA2 + gradient.square() * (1.0 - BETA2);
        let correction_1 = 1.0 - beta1.powi(time as i32);
        let correction_2 = (1.0 - BETA2.powi(time as i32)).sqrt();
        let denominator = moment_2.clone().sqrt() / correction_2 + EPSILON;
        let tensor = tensor - moment_1.clone() / denominator * (rate / correction_1);
        (tensor, Some(AdaptiveMomentumState::new(time, moment_1, moment_2)))
    }

    fn to_device<const D: usize>(state: Self::State<D>, device: &Device) -> Self::State<D> {
        state.to_device(device)
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::TensorData;
    use serde::Deserialize;

    use super::*;

    /// Numbers that `tests/reference/training.py` computed with PyTorch.
    #[derive(Deserialize)]
    struct Reference {
        schedules: Vec<Schedule>,
        descent: Descent,
    }

    #[derive(Deserialize)]
    struct Schedule {
        max_lr: f64,
        steps: usize,
        at: Vec<At>,
    }

    #[derive(Deserialize)]
    struct At {
        step: usize,
        lr: f64,
        beta1: f64,
    }

    /// Weights on their way to the minimum of a quadratic, `sum(curvature * (weight - minimum)^2)`.
    #[derive(Deserialize)]
    struct Descent {
        max_lr: f64,
        steps: usize,
        weight_decay: f64,
        start: Vec<f32>,
        curvature: Vec<f32>,
        minimum: Vec<f32>,
        after: Vec<After>,
    }

    #[derive(Deserialize)]
    struct After {
        steps: usize,
        weights: Vec<f32>,
    }

    fn reference() -> Reference {
        serde_json::from_str(include_str!("../../../tests/reference/training.json")).expect("the reference's form")
    }

    #[test]
    fn lr_and_beta_are_those_of_pytorch() {
        for Schedule { max_lr, steps, at } in reference().schedules {
            let schedule = OneCycle { max_lr, steps };
            for At { step, lr, beta1 } in at {
                let ours = (schedule.lr(step), schedule.beta1(step));
                assert!((ours.0 - lr).abs() < 1e-9 * max_lr, "step {step} of {steps}: {ours:?}, not {lr}");
                assert!((ours.1 - beta1).abs() < 1e-9, "step {step} of {steps}: {ours:?}, not beta {beta1}");
            }
        }
    }

    #[test]
    fn weights_after_some_steps_are_those_of_pytorch() {
        let Descent { max_lr, steps, weight_decay, start, curvature, minimum, after } = reference().descent;
        let tensor = |values: Vec<f32>| {
            let count = values.len();
            Tensor::<1>::from_data(TensorData::new(values, [count]), &Device::flex())
        };
        let (curvature, minimum, mut weights) = (tensor(curvature), tensor(minimum), tensor(start));
        let schedule = OneCycle { max_lr, steps };
        let adam = OneCycleAdam { schedule, weight_decay };
        let mut state = None;
        let mut after = after.into_iter().peekable();
        for step in 0..steps {
            let gradient = (weights.clone() - minimum.clone()) * curvature.clone() * 2.0;
            (weights, state) = adam.step(schedule.lr(step), weights, gradient, state);
            if let Some(theirs) = after.next_if(|after| after.steps == step + 1) {
                let error = (weights.clone() - tensor(theirs.weights)).abs().max().into_scalar::<f32>();
                assert!(error < 1e-5, "after {} steps: off by {error}", theirs.steps);
            }
        }
        assert!(after.next().is_none());
    }
}
