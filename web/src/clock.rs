//! Clock of the worker, for the times of an inspection's steps.

use wasm_bindgen::JsCast;
use web_sys::WorkerGlobalScope;

/// Time between calls, milliseconds.
pub struct Clock(f64);

impl Clock {
    /// Begins at 0.
    pub fn start() -> Self {
        Self(now())
    }

    /// Time since the lap before.
    pub fn lap(&mut self) -> f64 {
        let before = std::mem::replace(&mut self.0, now());
        self.0 - before
    }
}

/// Time since the worker began, milliseconds.
fn now() -> f64 {
    let scope: WorkerGlobalScope = js_sys::global().unchecked_into();
    scope.performance().map_or(f64::NAN, |performance| performance.now())
}
