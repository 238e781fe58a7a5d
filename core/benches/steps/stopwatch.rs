//! Stopwatch: times of repeated runs, as rows of a Markdown table.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// Time that a row takes, after a quarter of it to warm up.
const MEASURED: Duration = Duration::from_secs(2);
/// Least time of a sample. A faster step is repeated within the sample.
const SAMPLE: Duration = Duration::from_millis(2);
/// Least number of samples.
const FEWEST: usize = 10;

/// Table of times that prints each row when it is measured.
pub struct Table {
    /// A row is measured where its name contains this.
    filter: String,
}

impl Table {
    /// Prints the head of the table. The first argument of the program that is no option is the filter.
    pub fn begin() -> Self {
        println!("| step | of | median, ms | middle half, ms | samples |\n|---|---|---:|---:|---:|");
        Self { filter: std::env::args().skip(1).find(|argument| !argument.starts_with('-')).unwrap_or_default() }
    }

    /// Measures `run`, which does the step for `items` items, and prints the time of one item.
    pub fn row<T>(&mut self, step: &str, of: &str, items: u32, mut run: impl FnMut() -> T) {
        if !format!("{step} {of}").contains(&self.filter) {
            return;
        }
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
        println!("| {step} | {of} | {median:.3} | {low:.3} to {high:.3} | {} |", samples.len());
    }
}
