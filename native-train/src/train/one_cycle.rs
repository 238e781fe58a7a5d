//! The one-cycle schedule and the Adam that follows it, as PyTorch computes both (`OneCycleLR` and `Adam`).
//!
//! `OneCycleLR` moves not only the rate but also Adam's first beta, from 0.95 to 0.85 and back, whatever beta the
//! optimizer was given. Burn's Adam keeps its betas, so this one derives the beta from the step that it is at.

use std::f64::consts::PI;

use burn::optim::{AdaptiveMomentumState, LearningRate, Optimizer};
use burn::tensor::{Device, Tensor};

/// Share of the steps on the way up (PyTorch's `pct_start`).
const WARM_UP: f64 = 0.3;
/// Highest rate over the first (`div_factor`).
const START_DIVISOR: f64 = 25.0;
/// First rate over the last (`final_div_factor`).
const FINAL_DIVISOR: f64 = 1e4;
const BETA1: (f64, f64) = (0.85, 0.95);
const BETA2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

/// The schedule over a fixed number of steps.
#[derive(Clone, Copy, Debug)]
pub struct OneCycle {
    /// Highest rate.
    pub max_rate: f64,
    /// All steps of the training.
    pub steps: usize,
}

impl OneCycle {
    /// Learning rate of step `step`, from 0.
    pub fn rate(&self, step: usize) -> f64 {
        let start = self.max_rate / START_DIVISOR;
        self.cycle(step, start, self.max_rate, start / FINAL_DIVISOR)
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
    /// Gives the beta; the rate comes with each step.
    pub schedule: OneCycle,
    /// Added to the gradient, times the weight.
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
        max_rate: f64,
        steps: usize,
        at: Vec<At>,
    }

    #[derive(Deserialize)]
    struct At {
        step: usize,
        rate: f64,
        beta1: f64,
    }

    /// Weights on their way to the minimum of a quadratic, `sum(curvature * (weight - minimum)^2)`.
    #[derive(Deserialize)]
    struct Descent {
        max_rate: f64,
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
    fn rate_and_beta_are_those_of_pytorch() {
        for Schedule { max_rate, steps, at } in reference().schedules {
            let schedule = OneCycle { max_rate, steps };
            for At { step, rate, beta1 } in at {
                let ours = (schedule.rate(step), schedule.beta1(step));
                assert!((ours.0 - rate).abs() < 1e-9 * max_rate, "step {step} of {steps}: {ours:?}, not rate {rate}");
                assert!((ours.1 - beta1).abs() < 1e-9, "step {step} of {steps}: {ours:?}, not beta {beta1}");
            }
        }
    }

    #[test]
    fn weights_after_some_steps_are_those_of_pytorch() {
        let Descent { max_rate, steps, weight_decay, start, curvature, minimum, after } = reference().descent;
        let tensor = |values: Vec<f32>| {
            let count = values.len();
            Tensor::<1>::from_data(TensorData::new(values, [count]), &Device::flex())
        };
        let (curvature, minimum, mut weights) = (tensor(curvature), tensor(minimum), tensor(start));
        let schedule = OneCycle { max_rate, steps };
        let adam = OneCycleAdam { schedule, weight_decay };
        let mut state = None;
        let mut after = after.into_iter().peekable();
        for step in 0..steps {
            let gradient = (weights.clone() - minimum.clone()) * curvature.clone() * 2.0;
            (weights, state) = adam.step(schedule.rate(step), weights, gradient, state);
            if let Some(theirs) = after.next_if(|after| after.steps == step + 1) {
                let error = (weights.clone() - tensor(theirs.weights)).abs().max().into_scalar::<f32>();
                assert!(error < 1e-5, "after {} steps: off by {error}", theirs.steps);
            }
        }
        assert!(after.next().is_none());
    }
}
