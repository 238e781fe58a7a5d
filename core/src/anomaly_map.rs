//! Localisation: the distances at the positions of an inspection spread over the photo.

use crate::view::Region;

/// The map's values in one window and where in the photo it lies.
#[derive(Clone, Debug, PartialEq)]
pub struct Patch {
    /// Of the photo.
    pub region: Region,
    /// Row by row, square. NaN where the photo is not inspected.
    pub grid: Vec<f32>,
}

/// Anomaly map of `width` x `height` values, row by row, that spans the photo: the cells of each patch sit at their
/// centres in its region and are joined bilinearly. Where patches overlap, each weighs the less the nearer its border
/// is, so that there are no seams. NaN where no patch lies, and where the nearest cell of each is NaN.
pub fn spread(patches: &[Patch], (width, height): (usize, usize)) -> Vec<f32> {
    let mut sum = vec![0.0f32; width * height];
    let mut weights = vec![0.0f32; width * height];
    for Patch { region, grid } in patches {
        let side = (grid.len() as f64).sqrt() as usize;
        let columns = axis(width, side, region.x, region.width);
        let rows = axis(height, side, region.y, region.height);
        for (y, row) in rows.iter().enumerate().filter_map(|(y, row)| Some((y, row.as_ref()?))) {
            for (x, column) in columns.iter().enumerate().filter_map(|(x, column)| Some((x, column.as_ref()?))) {
                let nearest = grid[row.nearest() * side + column.nearest()];
                if nearest.is_nan() {
                    continue;
                }
                // A neighbour without a value says what the nearest cell says.
                let at =
                    |y: usize, x: usize| Some(grid[y * side + x]).filter(|value| !value.is_nan()).unwrap_or(nearest);
                let mix = |y: usize| at(y, column.low) * (1.0 - column.part) + at(y, column.high) * column.part;
                let weight = row.weight * column.weight;
                sum[y * width + x] += weight * (mix(row.low) * (1.0 - row.part) + mix(row.high) * row.part);
                weights[y * width + x] += weight;
            }
        }
    }
    sum.iter().zip(weights).map(|(sum, weight)| if weight > 0.0 { sum / weight } else { f32::NAN }).collect()
}

/// Between which two cells an output pixel lies, and how far from the lower one.
struct Between {
    low: usize,
    high: usize,
    part: f32,
    /// Largest in the middle of the patch, above 0 at its border.
    weight: f32,
}

impl Between {
    fn nearest(&self) -> usize {
        if self.part < 0.5 { self.low } else { self.high }
    }
}

fn axis(length: usize, side: usize, start: f32, extent: f32) -> Vec<Option<Between>> {
    (0..length)
        .map(|pixel| {
            let inside = ((pixel as f32 + 0.5) / length as f32 - start) / extent;
            (0.0..=1.0).contains(&inside).then(|| {
                let cell = (inside * side as f32 - 0.5).clamp(0.0, side.saturating_sub(1) as f32);
                let low = (cell as usize).min(side.saturating_sub(1));
                let weight = 1.0 - 1.9 * (inside - 0.5).abs();
                Between { low, high: (low + 1).min(side.saturating_sub(1)), part: cell - low as f32, weight }
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::GRID;
    use crate::view::View;

    fn patch(view: View, photo: (u32, u32), grid: Vec<f32>) -> Patch {
        Patch { region: view.regions(photo.0, photo.1)[0], grid }
    }

    #[test]
    fn a_hot_cell_is_hottest_where_it_lies_in_the_photo() {
        let mut grid = vec![0.0; GRID * GRID];
        grid[3 * GRID + 10] = 1.0;
        let map = spread(&[patch(View::Resize, (280, 140), grid)], (280, 140));
        let (index, _) = map.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).unwrap();
        let (y, x) = (index / 280, index % 280);
        assert!((200..220).contains(&x) && (30..40).contains(&y), "{x}, {y}");
    }

    #[test]
    fn what_the_crop_leaves_out_is_not_a_number() {
        let map = spread(&[patch(View::Crop, (512, 256), vec![0.5; GRID * GRID])], (64, 32));
        assert!(map[16 * 64].is_nan() && map[16 * 64 + 63].is_nan());
        assert_eq!(map[16 * 64 + 32], 0.5);
    }

    #[test]
    fn overlapping_patches_leave_no_seam() {
        // Each window is as anomalous as its place is far to the right.
        let regions = View::Tiles.regions(1000, 224);
        let count = regions.len() as f32;
        let patches: Vec<Patch> = regions
            .into_iter()
            .enumerate()
            .map(|(i, region)| Patch { region, grid: vec![i as f32 / count; 49] })
            .collect();
        let map = spread(&patches, (1000, 8));
        let steepest = map[..1000].windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max);
        assert!(map.iter().all(|value| value.is_finite()) && steepest < 0.05, "{steepest}");
    }
}
