//! Localisation: the 14 x 14 distances of an inspection spread over the photo.

use crate::preprocess::View;
use crate::score::GRID;

/// Anomaly map of `width` x `height` values, row by row, that spans a photo of `photo` pixels: the grid's cells sit at
/// their centres in the inspected part and are joined bilinearly. NaN where the view did not look.
pub fn spread(grid: &[f32], view: View, photo: (u32, u32), (width, height): (usize, usize)) -> Vec<f32> {
    let region = view.region(photo.0, photo.1);
    let columns = axis(width, region.x, region.width);
    let rows = axis(height, region.y, region.height);
    let mut map = Vec::with_capacity(width * height);
    for row in &rows {
        for column in &columns {
            map.push(match (row, column) {
                (Some(row), Some(column)) => {
                    let at = |y: usize, x: usize| grid[y * GRID + x];
                    let mix = |y: usize| at(y, column.low) * (1.0 - column.part) + at(y, column.high) * column.part;
                    mix(row.low) * (1.0 - row.part) + mix(row.high) * row.part
                }
                _ => f32::NAN,
            });
        }
    }
    map
}

/// Between which two cells an output pixel lies, and how far from the lower one.
struct Between {
    low: usize,
    high: usize,
    part: f32,
}

fn axis(length: usize, start: f32, extent: f32) -> Vec<Option<Between>> {
    (0..length)
        .map(|pixel| {
            let inside = ((pixel as f32 + 0.5) / length as f32 - start) / extent;
            (0.0..=1.0).contains(&inside).then(|| {
                let cell = (inside * GRID as f32 - 0.5).clamp(0.0, (GRID - 1) as f32);
                let low = (cell as usize).min(GRID - 1);
                Between { low, high: (low + 1).min(GRID - 1), part: cell - low as f32 }
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hot_cell_is_hottest_where_it_lies_in_the_photo() {
        let mut grid = vec![0.0; GRID * GRID];
        grid[3 * GRID + 10] = 1.0;
        let map = spread(&grid, View::Resize, (280, 140), (280, 140));
        let (index, _) = map.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).unwrap();
        let (y, x) = (index / 280, index % 280);
        assert!((200..220).contains(&x) && (30..40).contains(&y), "{x}, {y}");
    }

    #[test]
    fn what_the_crop_leaves_out_is_not_a_number() {
        let map = spread(&vec![0.5; GRID * GRID], View::Crop, (512, 256), (64, 32));
        assert!(map[16 * 64].is_nan() && map[16 * 64 + 63].is_nan());
        assert_eq!(map[16 * 64 + 32], 0.5);
    }
}
