//! Marks: common parts of scratches, spots and stains. A mark has a coverage of each pixel and is painted by it.

use std::ops::RangeInclusive;

use image::{GrayImage, Luma, Rgb, RgbImage};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::random::{irwin_hall, log_uniform};

/// Share of a mark's strength above which a pixel counts as marked.
pub(super) const MASKED: f32 = 0.25;
/// Share of a mark's strength up to which nothing is painted.
const UNPAINTED: f32 = 0.02;
/// Number of deviations at which a Gaussian profile falls to [`UNPAINTED`]: `sqrt(-2 ln 0.02)`, rounded up.
const GAUSSIAN_REACH: f32 = 2.8;
/// Share of the marks that are darker than the surface.
const DARK_SHARE: f32 = 0.6;
/// Standard deviation of a mark's strength between the channels of a colour image.
const TINT: f32 = 0.3;
/// Least share of a mark's strength that must be visible, because black and white clip it.
const LEAST_SHOWN: f32 = 0.25;
/// Most draws of a visible mark. At least every second draw is visible on a surface of any brightness.
const MAX_DRAWS: usize = 40;

/// Coverage of each pixel by a mark, 0 to 1.
pub struct Coverage {
    width: u32,
    height: u32,
    /// Values row by row.
    values: Vec<f32>,
}

impl Coverage {
    fn new(width: u32, height: u32) -> Self {
        Self { width, height, values: vec![0.0; width as usize * height as usize] }
    }

    /// Width and height in pixels.
    pub fn size(&self) -> (f32, f32) {
        (self.width as f32, self.height as f32)
    }

    /// Random point of the image, uniformly distributed.
    pub fn point(&self, rng: &mut ChaCha8Rng) -> (f32, f32) {
        let (width, height) = self.size();
        (rng.random::<f32>() * width, rng.random::<f32>() * height)
    }

    /// Raises the pixels within `reach` of (`x`, `y`), right and left, up and down, to `profile` of their distance
    /// (right, down), limited to 0..=1.
    pub fn dab(&mut self, (x, y): (f32, f32), reach: f32, profile: impl Fn(f32, f32) -> f32) {
        let covered = |at: f32, side: u32| {
            let (first, last) = ((at - reach).floor(), (at + reach).ceil());
            first.max(0.0) as u32..(last + 1.0).clamp(0.0, side as f32) as u32
        };
        let columns = covered(x, self.width);
        for row in covered(y, self.height) {
            let start = row as usize * self.width as usize;
            for column in columns.clone() {
                let value = &mut self.values[start + column as usize];
                *value = value.max(profile(column as f32 - x, row as f32 - y).clamp(0.0, 1.0));
            }
        }
    }

    /// Does the same as [`Coverage::dab`], with a Gaussian of deviation `sigma`.
    pub fn gaussian_dab(&mut self, at: (f32, f32), sigma: f32) {
        self.dab(at, GAUSSIAN_REACH * sigma, |dx, dy| (-(dx * dx + dy * dy) / (2.0 * sigma * sigma)).exp());
    }

    /// Paints the mark on `image`. `strength`, one number a channel on the scale of 0..=255, is added at full coverage.
    /// The mask holds the pixels with more than a quarter of it. None if there is no such pixel, or if the mark is
    /// hardly visible because the image is black or white there.
    fn painted_on(&self, image: &RgbImage, strength: [f32; 3]) -> Option<(RgbImage, GrayImage)> {
        let mut painted = image.clone();
        let mut mask = GrayImage::new(image.width(), image.height());
        let (mut shown, mut meant) = (0.0, 0.0);
        for ((pixel, masked), &cover) in painted.pixels_mut().zip(mask.pixels_mut()).zip(&self.values) {
            if cover <= UNPAINTED {
                continue;
            }
            let old = pixel.0.map(f32::from);
            let new = std::array::from_fn(|c| (old[c] + cover * strength[c]).round().clamp(0.0, 255.0));
            *pixel = Rgb(new.map(|value: f32| value as u8));
            if cover > MASKED {
                *masked = Luma([255]);
                for c in 0..3 {
                    shown += (new[c] - old[c]).abs();
                    meant += (cover * strength[c]).abs();
                }
            }
        }
        (meant > 0.0 && shown >= LEAST_SHOWN * meant).then_some((painted, mask))
    }
}

/// Paints a mark with the coverage of `cover`, darker or lighter by a log-uniform number of `strength` grey levels. In a
/// colour image the channels differ a little. Returns the image and the mask. A mark that is not visible is drawn again.
/// Images of a few pixels may run out of draws. They stay unchanged, with an empty mask.
pub fn marked(
    image: &RgbImage,
    strength: RangeInclusive<f32>,
    rng: &mut ChaCha8Rng,
    cover: impl Fn(&mut Coverage, &mut ChaCha8Rng),
) -> (RgbImage, GrayImage) {
    let (width, height) = image.dimensions();
    let grey = image.pixels().all(|pixel| pixel.0[0] == pixel.0[1] && pixel.0[1] == pixel.0[2]);
    for _ in 0..MAX_DRAWS {
        let mut coverage = Coverage::new(width, height);
        cover(&mut coverage, rng);
        let sign = if rng.random::<f32>() < DARK_SHARE { -1.0 } else { 1.0 };
        let strength = sign * log_uniform(strength.clone(), rng);
        let tinted = std::array::from_fn(|_| if grey { strength } else { strength * (1.0 + TINT * irwin_hall(rng)) });
        if let Some(painted) = coverage.painted_on(image, tinted) {
            return painted;
        }
    }
    (image.clone(), GrayImage::new(width, height))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn grey(value: u8) -> RgbImage {
        RgbImage::from_pixel(60, 50, Rgb([value; 3]))
    }

    #[test]
    fn pixels_outside_the_mask_change_by_a_quarter_at_most() {
        let mut coverage = Coverage::new(60, 50);
        coverage.gaussian_dab((20.3, 30.8), 6.0);
        let (painted, mask) = coverage.painted_on(&grey(100), [80.0, -80.0, 40.0]).unwrap();
        let mut beside = 0;
        for (pixel, masked) in painted.pixels().zip(mask.pixels()) {
            let change = [0, 1, 2].map(|c| (f32::from(pixel.0[c]) - 100.0).abs());
            let quarter = [20.0, 20.0, 10.0];
            if masked.0[0] == 255 {
                assert!((0..3).all(|c| change[c] >= quarter[c]), "{change:?}");
            } else {
                assert!((0..3).all(|c| change[c] <= quarter[c]), "{change:?}");
                beside += u32::from(change[0] > 0.0);
            }
        }
        assert!(beside > 100, "{beside}");
        assert_eq!(painted.get_pixel(20, 31).0, [180, 20, 140]);
    }

    #[test]
    fn marks_end_without_an_edge() {
        let mut coverage = Coverage::new(60, 50);
        coverage.gaussian_dab((30.0, 25.0), 6.0);
        let all = (0..50).flat_map(|y| (0..60).map(move |x| (x as f32 - 30.0, y as f32 - 25.0)));
        for (value, (dx, dy)) in coverage.values.iter().zip(all) {
            let exact = (-(dx * dx + dy * dy) / 72.0).exp();
            assert!((value - exact).abs() < 1e-6 || exact < UNPAINTED);
        }
    }

    #[test]
    fn dabs_beside_the_image_are_cut_off() {
        for at in [(-300.0, 4.0), (4.0, 1e9), (-1.0, -1.0), (61.0, 52.0), (f32::MIN, f32::MAX)] {
            let mut coverage = Coverage::new(60, 50);
            coverage.gaussian_dab(at, 3.0);
            coverage.dab(at, 1.5, |_, _| 7.0);
            assert!(coverage.values.iter().all(|value| (0.0..=1.0).contains(value)));
        }
    }

    #[test]
    fn marks_show_on_black_and_on_white() {
        let blot = |coverage: &mut Coverage, rng: &mut ChaCha8Rng| coverage.gaussian_dab(coverage.point(rng), 5.0);
        for seed in 0..200 {
            let rng = &mut ChaCha8Rng::seed_from_u64(seed);
            let (black, white) =
                (marked(&grey(0), 10.0..=90.0, rng, blot).0, marked(&grey(255), 10.0..=90.0, rng, blot).0);
            assert!(black.as_raw().iter().any(|&value| value >= 5), "{seed}");
            assert!(white.as_raw().iter().any(|&value| value <= 250), "{seed}");
        }
    }
}
