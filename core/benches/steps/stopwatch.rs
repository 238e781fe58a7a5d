//! Stopwatch: times of repeated runs, as rows of a Markdown table.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// Time that a row takes, after a quarter of it to warm up.
const MEASURED: Duration = Duration::from_secs(2);
/// Least time of a sample. A faster step is repeated within the sample.
const SAMPLE: Duration = Duration::from_millis(2);
/// Least number of samples.
const FEWEST: usize = 10;

/// Step whose times are measured.
pub struct Step {
    /// Name of the step.
    pub name: &'static str,
}

impl Step {
    /// Prints the head of the table.
    pub fn print_head() {
        println!("| step | of | median, ms | middle half, ms | samples |\n|---|---|---:|---:|---:|");
    }

    /// Measures `run`, which does the step for `items` items, and prints a row with the time of one item.
    pub fn time<T>(&self, of: &str, items: u32, mut run: impl FnMut() -> T) {
        let mut timed = |runs: u32| {
            let start = Instant::now();
            (0..runs).for_each(|_| _ = black_box(run()));
            start.elapsed() / runs
        };
        let start = Instant::now();
        let mut fastest = timed(1);
        while start.elapsed() < MEASURED / 4 {
            fastest = fastest.min(timed(1));
        }
        let runs = (SAMPLE.as_secs_f64() / fastest.as_secs_f64().max(1e-9)).ceil() as u32;
        let start = Instant::now();
        let mut samples = Vec::new();
        while start.elapsed() < MEASURED || samples.len() < FEWEST {
            samples.push(timed(runs) / items);
        }
        samples.sort();
        let quantile = |share: f64| samples[(share * (samples.len() - 1) as f64).round() as usize].as_secs_f64() * 1e3;
        let [low, median, high] = [0.25, 0.5, 0.75].map(quantile);
        println!("| {} | {of} | {median:.3} | {low:.3} to {high:.3} | {} |", self.name, samples.len());
    }
}
