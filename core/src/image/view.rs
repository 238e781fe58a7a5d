//! Views: the windows of a photo that the network gets, and their scale.

use std::borrow::Cow;

use image::RgbImage;
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use super::exposure;
use super::fit_size::FitSize;
use super::photo::Proportions;
use super::preprocess::{INPUT_SIDE, resize};
use crate::network::grid::Grid;

/// Length of the shorter side before the centre is cut out, pixels.
const CROP_SHORTER_SIDE: u32 = 256;
/// Largest distance of neighbouring windows, pixels. Windows overlap by a quarter, so that no defect lies only at a border.
const LARGEST_STEP: u32 = INPUT_SIDE * 3 / 4;
/// Shorter side, in units of the input's, up to which a photo is scaled down to one row of windows.
const ONE_ROW: f64 = 1.25;

/// Windows that a photo is cut into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum View {
    /// The whole photo, resized to a square. All of it is inspected.
    #[default]
    Resize,
    /// The paper's view: the shorter side is resized to 256, and the centre of 224 x 224 is used. Borders are not
    /// inspected.
    Crop,
    /// The whole photo, resized to one size for all photos of the category, with about their proportions.
    #[strum(to_string = "fit to {0}")]
    Fit(FitSize),
    /// Overlapping windows of 224 x 224 over the whole photo at its own scale, for long photos and small defects. The photo
    /// is scaled down by up to a fifth where that saves a row of windows, and up where a side is shorter than 224.
    Tiles,
}

/// Part of a photo, as fractions of its width and height.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Region {
    /// Left edge, 0 to 1.
    pub x: f32,
    /// Top edge, 0 to 1.
    pub y: f32,
    /// Width, 0 to 1.
    pub width: f32,
    /// Height, 0 to 1.
    pub height: f32,
}

/// Windows of a photo. Each is cut out on demand, because all at once take nearly twice the photo's own memory.
#[derive(Clone, Debug)]
pub struct Windows<'a> {
    /// The photo at the scale at which windows are cut from it.
    scaled: Cow<'a, RgbImage>,
    /// Width and height of each window, pixels.
    size: (u32, u32),
    corners: Vec<(u32, u32)>,
    /// Factor for the values of all pixels.
    gain: f32,
}

impl Windows<'_> {
    /// The windows with all values multiplied by `gain`.
    pub fn with_gain(self, gain: f32) -> Self {
        Self { gain, ..self }
    }

    /// Number of windows.
    pub fn count(&self) -> usize {
        self.corners.len()
    }

    /// The first `count` windows.
    pub fn first(&self, count: usize) -> Windows<'_> {
        let corners = self.corners.iter().take(count).copied().collect();
        Windows { scaled: Cow::Borrowed(&*self.scaled), corners, ..*self }
    }

    /// Region of each window in the photo.
    pub fn regions(&self) -> Vec<Region> {
        self.corners.iter().map(|corner| region(*corner, self.size, self.scaled.dimensions())).collect()
    }

    /// Windows as 8-bit RGB, before normalisation: synthetic defects are painted on these.
    pub fn images(&self) -> impl Iterator<Item = RgbImage> {
        self.corners.iter().map(|corner| self.at(*corner))
    }

    /// Upper left corner of each window, in pixels of the scaled photo.
    pub fn corners(&self) -> &[(u32, u32)] {
        &self.corners
    }

    /// Windows as 8-bit RGB, up to `count` at a time.
    pub fn batches(&self, count: usize) -> impl Iterator<Item = Vec<RgbImage>> {
        self.corners.chunks(count).map(|corners| corners.iter().map(|corner| self.at(*corner)).collect())
    }

    /// Upper left corner of a window at a random place of the photo.
    pub fn random_corner(&self, rng: &mut impl Rng) -> (u32, u32) {
        let mut start = |side: u32, window: u32| rng.random_range(0..=side - window);
        (start(self.scaled.width(), self.size.0), start(self.scaled.height(), self.size.1))
    }

    /// Window whose upper left corner is given in pixels of the scaled photo, as 8-bit RGB.
    pub fn at(&self, (x, y): (u32, u32)) -> RgbImage {
        let mut window = image::imageops::crop_imm(&*self.scaled, x, y, self.size.0, self.size.1).to_image();
        if self.gain != 1.0 {
            exposure::multiply(&mut window, self.gain);
        }
        window
    }
}

impl View {
    /// Grid of `stage5` for one window.
    pub fn grid(self) -> Grid {
        let (width, height) = self.window();
        Grid::of_input(width, height)
    }

    /// Tells whether the view is valid in a model file.
    pub fn is_sound(self) -> bool {
        if let Self::Fit(size) = self { size.is_sound() } else { true }
    }

    /// How far a photo of `width` x `height` pixels is distorted, 1 or more: the ratio of its proportions to those of the
    /// input, or the inverse. 1 for views that suit every shape, and for `Resize`, which distorts every photo.
    pub fn distortion(self, width: u32, height: u32) -> f64 {
        let Self::Fit(size) = self else { return 1.0 };
        let own = size.proportions();
        Proportions { narrowest: own, widest: own }.beyond(width, height)
    }

    /// Width and height of a window, pixels.
    pub fn window(self) -> (u32, u32) {
        match self {
            Self::Fit(size) => size.sides(),
            Self::Resize | Self::Crop | Self::Tiles => (INPUT_SIDE, INPUT_SIDE),
        }
    }

    /// Pixels of a photo of `width` x `height` in one pixel of a window, as the root of its area.
    pub(crate) fn pixels_each(self, width: u32, height: u32) -> f32 {
        let (scaled_width, scaled_height) = self.scaled_size(width, height);
        let ratio = f64::from(width) * f64::from(height) / (f64::from(scaled_width) * f64::from(scaled_height));
        ratio.sqrt() as f32
    }

    /// Regions of the windows of a photo of `width` x `height` pixels.
    pub fn regions(self, width: u32, height: u32) -> Vec<Region> {
        let size = self.scaled_size(width, height);
        self.corners(size).into_iter().map(|corner| region(corner, self.window(), size)).collect()
    }

    /// Windows of `photo`.
    pub fn windows(self, photo: &RgbImage) -> Windows<'_> {
        let (width, height) = self.scaled_size(photo.width(), photo.height());
        let scaled = resize(photo, width, height);
        Windows { corners: self.corners(scaled.dimensions()), size: self.window(), scaled, gain: 1.0 }
    }

    fn scaled_size(self, width: u32, height: u32) -> (u32, u32) {
        match self {
            Self::Resize | Self::Fit(_) => self.window(),
            Self::Crop => shorter_side_to(CROP_SHORTER_SIDE, width, height),
            Self::Tiles => tiles_scale(width, height),
        }
    }

    /// Upper left corners of the windows of a photo that has the [`scaled_size`](Self::scaled_size).
    fn corners(self, size: (u32, u32)) -> Vec<(u32, u32)> {
        match self {
            Self::Resize | Self::Fit(_) => vec![(0, 0)],
            Self::Crop => vec![centre(size.0, size.1)],
            Self::Tiles => grid(size),
        }
    }
}

fn region((x, y): (u32, u32), window: (u32, u32), (width, height): (u32, u32)) -> Region {
    let fraction = |a: u32, b: u32| a as f32 / b as f32;
    Region {
        x: fraction(x, width),
        y: fraction(y, height),
        width: fraction(window.0, width),
        height: fraction(window.1, height),
    }
}

/// Size of a photo before windows are cut from it.
fn tiles_scale(width: u32, height: u32) -> (u32, u32) {
    let short = f64::from(width.min(height).max(1));
    let scale = if short <= ONE_ROW * f64::from(INPUT_SIDE) { f64::from(INPUT_SIDE) / short } else { 1.0 };
    let side = |side: u32| ((f64::from(side) * scale).round() as u32).max(INPUT_SIDE);
    (side(width), side(height))
}

/// Corners of evenly spaced windows that cover `width` x `height` pixels, row by row.
fn grid((width, height): (u32, u32)) -> Vec<(u32, u32)> {
    let starts = |side: u32| {
        let rest = side.saturating_sub(INPUT_SIDE);
        let steps = rest.div_ceil(LARGEST_STEP);
        (0..=steps).map(move |i| (u64::from(rest) * u64::from(i) / u64::from(steps.max(1))) as u32)
    };
    starts(height).flat_map(|y| starts(width).map(move |x| (x, y))).collect()
}

/// torchvision's `Resize(side)`: the longer side is cut to whole pixels.
fn shorter_side_to(side: u32, width: u32, height: u32) -> (u32, u32) {
    let long = |long: u32, short: u32| (u64::from(side) * u64::from(long) / u64::from(short.max(1))) as u32;
    if width <= height { (side, long(height, width)) } else { (long(width, height), side) }
}

/// torchvision's `CenterCrop(224)`: half of an odd rest is rounded to even.
fn centre(width: u32, height: u32) -> (u32, u32) {
    let offset = |side: u32| (f64::from(side - INPUT_SIDE) / 2.0).round_ties_even() as u32;
    (offset(width), offset(height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_cover_every_pixel_and_overlap() {
        for (width, height) in [(4096, 256), (224, 224), (225, 900), (1000, 700), (30, 2000), (1, 1)] {
            let (w, h) = tiles_scale(width, height);
            let mut seen = vec![0u8; (w * h) as usize];
            for (x, y) in grid((w, h)) {
                assert!(x + INPUT_SIDE <= w && y + INPUT_SIDE <= h, "{width} x {height}: {x}, {y}");
                for row in y..y + INPUT_SIDE {
                    let start = (row * w + x) as usize;
                    seen[start..start + INPUT_SIDE as usize].iter_mut().for_each(|count| *count += 1);
                }
            }
            assert!(seen.iter().all(|count| *count > 0), "{width} x {height}");
        }
    }

    #[test]
    fn a_fitted_photo_is_one_window_with_its_proportions() {
        let view = View::Fit(FitSize::new(1.5));
        let photo = RgbImage::from_fn(300, 200, |x, _| image::Rgb([(x / 2) as u8; 3]));
        let windows = view.windows(&photo);
        assert_eq!(windows.images().next().map(|window| window.dimensions()), Some((352, 224)));
        assert_eq!(windows.regions(), [Region { x: 0.0, y: 0.0, width: 1.0, height: 1.0 }]);
        assert_eq!(view.grid(), Grid { rows: 14, columns: 22 });
    }

    #[test]
    fn a_fabric_strip_is_one_row() {
        let regions = View::Tiles.regions(4096, 256);
        assert!(regions.iter().all(|region| region.y == 0.0 && region.height == 1.0));
        assert_eq!(regions.len(), 21);
    }
}
