//! Anomaly map of a photo: the maps of its windows, spread over the photo.

use crate::image::view::Region;
use crate::network::grid::{Grid, GridMap};

/// Anomaly map of one window.
#[derive(Clone, Debug, PartialEq)]
pub struct Patch {
    /// Region of the window in the photo.
    pub region: Region,
    /// Values of the map. NaN where the photo is not inspected.
    pub map: GridMap,
}

/// Anomaly map of `width` x `height` values that spans the photo, row by row. The positions of each patch sit at their
/// centres in its region and are joined bilinearly. Where patches overlap, a patch weighs less near its border, so there
/// are no seams. NaN where no patch lies, and where the nearest position of each patch is NaN.
pub fn spread(patches: &[Patch], (width, height): (usize, usize)) -> Vec<f32> {
    let mut sum = vec![0.0f32; width * height];
    let mut weights = vec![0.0f32; width * height];
    for Patch { region, map } in patches {
        let Grid { rows: grid_rows, columns: grid_columns } = map.grid;
        let value = |y: usize, x: usize| map.values[y * grid_columns + x];
        let columns = axis(width, grid_columns, region.x, region.width);
        let rows = axis(height, grid_rows, region.y, region.height);
        for (y, row) in rows.iter().enumerate().filter_map(|(y, row)| Some((y, row.as_ref()?))) {
            for (x, column) in columns.iter().enumerate().filter_map(|(x, column)| Some((x, column.as_ref()?))) {
                let nearest = value(row.nearest(), column.nearest());
                if nearest.is_nan() {
                    continue;
                }
                // A neighbour without a value gets the value of the nearest position.
                let at = |y: usize, x: usize| Some(value(y, x)).filter(|value| !value.is_nan()).unwrap_or(nearest);
                let mix = |y: usize| at(y, column.low) * (1.0 - column.part) + at(y, column.high) * column.part;
                let weight = row.weight * column.weight;
                sum[y * width + x] += weight * (mix(row.low) * (1.0 - row.part) + mix(row.high) * row.part);
                weights[y * width + x] += weight;
            }
        }
    }
    sum.iter().zip(weights).map(|(sum, weight)| if weight > 0.0 { sum / weight } else { f32::NAN }).collect()
}

/// Most positions in a row of a window that a map needs values for. PatchCore's and PaDiM's maps have 224, smoothed over 4.
const MOST_IN_ROW: usize = 56;

/// Size of the map of a photo of `width` x `height` pixels, whose longer side has `longest` values at most. A photo with
/// more positions in a row has a value for each, because a defect between two values would not show. Of a window at most
/// [`MOST_IN_ROW`] are counted: a finer map is smooth.
pub fn size(patches: &[Patch], (width, height): (u32, u32), longest: f32) -> (usize, usize) {
    let positions = |Patch { region, map }: &Patch| match width > height {
        true => map.grid.columns.min(MOST_IN_ROW) as f32 / region.width,
        false => map.grid.rows.min(MOST_IN_ROW) as f32 / region.height,
    };
    let values = patches.iter().map(positions).fold(longest, f32::max);
    let scale = (values / width.max(height) as f32).min(1.0);
    let side = |side: u32| ((side as f32 * scale).round() as usize).max(1);
    (side(width), side(height))
}

/// Two neighbouring positions along an axis, and a place between them.
struct Between {
    low: usize,
    high: usize,
    /// Distance of the place from the lower position, 0 to 1.
    part: f32,
    /// Weight of the patch: largest in its middle, above 0 at its border.
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
    use crate::image::view::View;

    const GRID: usize = 14;

    fn square(values: Vec<f32>) -> GridMap {
        let side = values.len().isqrt();
        GridMap { grid: Grid { rows: side, columns: side }, values }
    }

    fn patch(view: View, photo: (u32, u32), values: Vec<f32>) -> Patch {
        Patch { region: view.regions(photo.0, photo.1)[0], map: square(values) }
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
    fn a_long_photo_has_a_value_for_each_position() {
        let patches = |photo: (u32, u32)| -> Vec<Patch> {
            let regions = View::Tiles.regions(photo.0, photo.1).into_iter();
            regions.map(|region| Patch { region, map: square(vec![0.0; 196]) }).collect()
        };
        assert_eq!(size(&patches((1000, 500)), (1000, 500), 512.0), (512, 256));
        assert_eq!(size(&patches((300, 200)), (300, 200), 512.0), (300, 200));
        // 14 positions for every 224 pixels.
        assert_eq!(size(&patches((22400, 300)), (22400, 300), 512.0), (1400, 19));
    }

    #[test]
    fn overlapping_patches_leave_no_seam() {
        // The values of a window grow with its place to the right.
        let regions = View::Tiles.regions(1000, 224);
        let count = regions.len() as f32;
        let patches: Vec<Patch> = regions
            .into_iter()
            .enumerate()
            .map(|(i, region)| Patch { region, map: square(vec![i as f32 / count; 49]) })
            .collect();
        let map = spread(&patches, (1000, 8));
        let steepest = map[..1000].windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max);
        assert!(map.iter().all(|value| value.is_finite()) && steepest < 0.05, "{steepest}");
    }
}
