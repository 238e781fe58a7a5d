//! Gaussian smoothing of a grid map. A defect covers several positions, and a random outlier seldom does.

use crate::network::grid::{Grid, GridMap};

/// Replaces each value by the mean of its neighbourhood, weighted by a Gaussian. `sigma` is its standard deviation as a
/// share of the shorter side. Beyond the borders the values are mirrored, as in `scipy.ndimage.gaussian_filter`.
pub fn smoothed(map: GridMap, sigma: f32) -> GridMap {
    let GridMap { grid, values } = map;
    let deviation = sigma * grid.rows.min(grid.columns) as f32;
    // Below this the neighbours weigh less than 1e-8.
    if deviation.is_nan() || deviation < 0.16 {
        return GridMap { grid, values };
    }
    let radius = (4.0 * deviation + 0.5) as usize;
    let kernel: Vec<f32> =
        (0..=2 * radius).map(|tap| (-0.5 * ((tap as f32 - radius as f32) / deviation).powi(2)).exp()).collect();
    let total: f32 = kernel.iter().sum();
    // One line of `length` values, filtered. `at` gives the value at a place of the line.
    let filtered = |length: usize, place: usize, at: &dyn Fn(usize) -> f32| {
        // Adds a whole number of periods, so that no place is negative.
        let ahead = 2 * length * radius.div_ceil(2 * length) - radius;
        let mirrored = |place: usize| {
            let turned = place % (2 * length);
            turned.min(2 * length - 1 - turned)
        };
        let taps = kernel.iter().enumerate();
        taps.map(|(tap, weight)| weight * at(mirrored(place + ahead + tap))).sum::<f32>() / total
    };
    let Grid { rows, columns } = grid;
    let along_rows: Vec<f32> = (0..rows * columns)
        .map(|index| filtered(columns, index % columns, &|column| values[index / columns * columns + column]))
        .collect();
    let values = (0..rows * columns)
        .map(|index| filtered(rows, index / columns, &|row| along_rows[row * columns + index % columns]))
        .collect();
    GridMap { grid, values }
}

/// Smooths the inspected positions only, with weights that sum to 1 over them. NaN at the others.
pub(crate) fn smoothed_within(map: GridMap, inspected: &[bool], sigma: f32) -> GridMap {
    within(&map, inspected, |map| smoothed(map, sigma))
}

/// Applies a linear smoothing to the inspected positions only, with weights that sum to 1 over them. NaN at the others.
pub(super) fn within(map: &GridMap, inspected: &[bool], smooth: impl Fn(GridMap) -> GridMap) -> GridMap {
    let grid = map.grid;
    let weights: Vec<f32> = inspected.iter().map(|inspected| f32::from(u8::from(*inspected))).collect();
    // Not by the weight: a value that is not inspected may be NaN.
    let kept =
        map.values.iter().zip(inspected).map(|(value, inspected)| if *inspected { *value } else { 0.0 }).collect();
    let sums = smooth(GridMap { grid, values: kept }).values;
    let totals = smooth(GridMap { grid, values: weights }).values;
    let mean = |((sum, total), inspected): ((f32, f32), &bool)| if *inspected { sum / total } else { f32::NAN };
    GridMap { grid, values: sums.into_iter().zip(totals).zip(inspected).map(mean).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(rows: usize, columns: usize, values: &[i32]) -> GridMap {
        GridMap { grid: Grid { rows, columns }, values: values.iter().map(|value| *value as f32).collect() }
    }

    fn worst(ours: &GridMap, theirs: &[f32]) -> f32 {
        assert_eq!(ours.values.len(), theirs.len());
        ours.values.iter().zip(theirs).map(|(ours, theirs)| (ours - theirs).abs()).fold(0.0, f32::max)
    }

    /// Compares with `scipy.ndimage.gaussian_filter(x, 0.8)`.
    #[test]
    fn smoothing_is_scipys() {
        let square = map(4, 4, &[0, 1, 4, 2, 2, 4, 1, 0, 1, 4, 2, 2, 4, 1, 0, 1]);
        let scipy = [
            0.90842, 1.80327, 2.40045, 1.93212, 1.79712, 2.38622, 1.97762, 1.27332, 2.2487, 2.40727, 1.75067, 1.34138,
            2.79554, 1.8559, 1.05576, 1.06626,
        ];
        assert!(worst(&smoothed(square.clone(), 0.2), &scipy) < 1e-5);
        assert_eq!(smoothed(square.clone(), 0.0), square);
    }

    /// Compares with `scipy.ndimage.gaussian_filter(x, 0.6)`.
    #[test]
    fn an_oblong_map_is_smoothed_as_far_in_both_directions() {
        let oblong = map(3, 5, &[0, 1, 4, 2, 2, 4, 1, 0, 1, 4, 2, 2, 4, 1, 0]);
        let scipy = [
            0.73894, 1.3349, 2.68542, 2.15956, 2.24927, 2.68074, 1.50382, 1.2947, 1.50382, 2.68074, 2.24927, 2.15956,
            2.68542, 1.3349, 0.73894,
        ];
        assert!(worst(&smoothed(oblong, 0.2), &scipy) < 1e-5);
    }
}
