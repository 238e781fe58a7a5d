//! Maps with one value for each pixel of a window, as PatchCore and PaDiM have them. PatchCore repeats its distances, and PaDiM
//! interpolates them. Both then smooth them by a Gaussian with a standard deviation of 4 pixels.

use crate::image::inspected::Inspected;
use crate::image::view::Region;
use crate::network::grid::{Grid, GridMap};
use crate::scoring::anomaly_map::{Patch, spread};
use crate::scoring::smoothing::within;

/// Standard deviation of the Gaussian, pixels (PaDiM's and PatchCore's authors, and anomalib).
const DEVIATION: f32 = 4.0;
/// Reach of the Gaussian to each side, pixels: four standard deviations.
const REACH: usize = 16;

/// A map with `factor` x `factor` values for each of `map`, interpolated bilinearly. Corners are not aligned. NaN at a position
/// stays NaN there, and its neighbours are interpolated without it.
pub fn interpolated(map: &GridMap, factor: usize) -> GridMap {
    let grid = map.grid.times(factor);
    let whole = Region { x: 0.0, y: 0.0, width: 1.0, height: 1.0 };
    let patch = Patch { region: whole, map: map.clone() };
    GridMap { grid, values: spread(&[patch], (grid.columns, grid.rows)) }
}

/// A map with `factor` x `factor` copies of each value of `map`.
pub fn repeated(map: &GridMap, factor: usize) -> GridMap {
    let grid = map.grid.times(factor);
    let value = |index: usize| {
        let (row, column) = (index / grid.columns / factor, index % grid.columns / factor);
        map.values[row * map.grid.columns + column]
    };
    GridMap { grid, values: (0..grid.positions()).map(value).collect() }
}

/// A map of pixels smoothed by the Gaussian of 4 pixels, with weights that sum to 1 over the `inspected` positions. 0 at the
/// others, where nothing reads it. Without `inspected` all positions count.
pub fn blurred(map: &GridMap, inspected: Option<&Inspected>) -> GridMap {
    let Some(inspected) = inspected.and_then(|inspected| inspected.at(map.grid)) else { return smoothed(map) };
    let mut mean = within(map, &inspected, |map| smoothed(&map));
    // By the position, not by NaN: an inspected position that is NaN must not pass for good.
    mean.values.iter_mut().zip(&inspected).filter(|(_, inspected)| !**inspected).for_each(|(value, _)| *value = 0.0);
    mean
}

/// A map of pixels smoothed by the Gaussian of 4 pixels. Beyond the borders it is mirrored at the outermost values, which are
/// not repeated, as by PyTorch's padding mode `reflect`.
fn smoothed(map: &GridMap) -> GridMap {
    let weights: Vec<f32> =
        (0..=2 * REACH).map(|tap| (-0.5 * ((tap as f32 - REACH as f32) / DEVIATION).powi(2)).exp()).collect();
    let total: f32 = weights.iter().sum();
    let Grid { rows, columns } = map.grid;
    let along = |values: &[f32], length: usize, step: usize, start: usize, smoothed: &mut [f32]| {
        let padded: Vec<f32> = (0..length + 2 * REACH).map(|at| values[start + step * mirrored(at, length)]).collect();
        for at in 0..length {
            let sum: f32 = padded[at..].iter().zip(&weights).map(|(value, weight)| value * weight).sum();
            smoothed[start + step * at] = sum / total;
        }
    };
    let mut by_rows = vec![0.0; rows * columns];
    (0..rows).for_each(|row| along(&map.values, columns, 1, row * columns, &mut by_rows));
    let mut values = vec![0.0; rows * columns];
    (0..columns).for_each(|column| along(&by_rows, rows, columns, column, &mut values));
    GridMap { grid: map.grid, values }
}

/// Place within `length` values of the place `at` of a padded line, which begins [`REACH`] before them.
fn mirrored(at: usize, length: usize) -> usize {
    let last = length.saturating_sub(1);
    let period = (2 * last).max(1);
    // Adds whole periods, so that no place is negative.
    let turned = (at + period * REACH.div_ceil(period) - REACH) % period;
    turned.min(period - turned).min(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares with `scipy.ndimage.gaussian_filter(x, 4, mode="mirror")` and PyTorch's `interpolate`.
    #[test]
    fn a_map_is_enlarged_and_smoothed_as_anomalib_does() {
        let small = GridMap { grid: Grid { rows: 1, columns: 3 }, values: vec![0.0, 1.0, 4.0] };
        assert_eq!(repeated(&small, 2).values, [0.0, 0.0, 1.0, 1.0, 4.0, 4.0].repeat(2));
        assert_eq!(interpolated(&small, 2).values, [0.0, 0.25, 0.75, 1.75, 3.25, 4.0].repeat(2));
        let flat = GridMap { grid: Grid { rows: 40, columns: 33 }, values: vec![2.5; 40 * 33] };
        assert!(blurred(&flat, None).values.iter().all(|value| (value - 2.5).abs() < 1e-5));
        let mut spot = GridMap { grid: Grid { rows: 33, columns: 33 }, values: vec![0.0; 33 * 33] };
        spot.values[2 * 33 + 1] = 100.0;
        let smoothed = blurred(&spot, None);
        let near = |at: usize, wanted: f32| {
            assert!((smoothed.values[at] - wanted).abs() < 2e-4, "{at}: {}", smoothed.values[at])
        };
        SCIPY.iter().for_each(|(row, column, wanted)| near(row * 33 + column, *wanted));
    }

    /// Row, column and value.
    const SCIPY: [(usize, usize, f32); 4] = [(0, 0, 3.40355), (2, 1, 3.00853), (5, 9, 0.17318), (20, 3, 0.0)];
}
