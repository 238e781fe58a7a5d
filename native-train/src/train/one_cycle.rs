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
    use super::*;

    /// Printed by PyTorch's formulas for `OneCycleLR(Adam(lr=4e-4), max_lr=4e-4, total_steps=10)`.
    #[test]
    fn rate_and_beta_end_where_pytorch_ends() {
        let schedule = OneCycle { max_rate: 4e-4, steps: 10 };
        assert!((schedule.rate(0) - 1.6e-5).abs() < 1e-12);
        assert!((schedule.rate(2) - 4e-4).abs() < 1e-12);
        assert!((schedule.rate(9) - 1.6e-9).abs() < 1e-15);
        assert!((schedule.beta1(0) - 0.95).abs() < 1e-12);
        assert!((schedule.beta1(2) - 0.85).abs() < 1e-12);
        assert!((schedule.beta1(9) - 0.95).abs() < 1e-12);
    }
}
