//! Source of the blurred defects: the image itself after a Gaussian blur.

use image::RgbImage;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Sides of the square kernel, in pixels.
const KERNEL_SIZES: [usize; 6] = [5, 7, 9, 11, 13, 15];
/// Sigma, pixels. It is wider than most kernels, so that they are nearly box filters.
const SIGMA: f32 = 6.0;

/// `image` blurred with a kernel of random size: 5, 7, 9, 11, 13 or 15 pixels, sigma 6.
pub fn blurred_source(image: &RgbImage, rng: &mut ChaCha8Rng) -> RgbImage {
    gaussian_blur(image, KERNEL_SIZES[rng.random_range(0..KERNEL_SIZES.len())], SIGMA)
}

/// Gaussian blur with a kernel of `size` x `size` pixels, and borders mirrored about the outermost pixel. OpenCV's and
/// torchvision's `GaussianBlur` do the same with a given kernel.
///
/// `image::imageops::blur_advanced` takes no kernel size apart from sigma, and repeats the border instead.
fn gaussian_blur(image: &RgbImage, size: usize, sigma: f32) -> RgbImage {
    let (width, height) = (image.width() as usize, image.height() as usize);
    if width == 0 || height == 0 {
        return image.clone();
    }
    let kernel = gaussian_kernel(size, sigma);
    let radius = size / 2;

    // Rows come first: each is a sum of shifted copies of itself, which the compiler can vectorise.
    let mut across = vec![0.0_f32; width * height * 3];
    let mut padded = vec![0.0_f32; (width + 2 * radius) * 3];
    for y in 0..height {
        let row = &image.as_raw()[y * width * 3..(y + 1) * width * 3];
        for (x, pixel) in padded.chunks_exact_mut(3).enumerate() {
            let from = mirrored(x as isize - radius as isize, width) * 3;
            for (value, &byte) in pixel.iter_mut().zip(&row[from..from + 3]) {
                *value = f32::from(byte);
            }
        }
        add_weighted(&mut across[y * width * 3..(y + 1) * width * 3], &kernel, |i| &padded[i * 3..]);
    }
    let mut blurred = Vec::with_capacity(width * height * 3);
    let mut sum = vec![0.0_f32; width * 3];
    for y in 0..height {
        sum.fill(0.0);
        add_weighted(&mut sum, &kernel, |i| {
            &across[mirrored((y + i) as isize - radius as isize, height) * width * 3..]
        });
        blurred.extend(sum.iter().map(|value| value.round() as u8));
    }
    RgbImage::from_raw(image.width(), image.height(), blurred).expect("each channel of each pixel has a value")
}

/// Adds to `sum` the lines `line(i)`, each times `kernel[i]`.
fn add_weighted<'a>(sum: &mut [f32], kernel: &[f32], line: impl Fn(usize) -> &'a [f32]) {
    for (i, weight) in kernel.iter().enumerate() {
        for (total, value) in sum.iter_mut().zip(line(i)) {
            *total += weight * value;
        }
    }
}

/// Normal density at `size` whole steps about 0, scaled to the sum 1.
fn gaussian_kernel(size: usize, sigma: f32) -> Vec<f32> {
    let middle = (size / 2) as f32;
    let density: Vec<f32> = (0..size).map(|i| (-0.5 * ((i as f32 - middle) / sigma).powi(2)).exp()).collect();
    let sum: f32 = density.iter().sum();
    density.iter().map(|value| value / sum).collect()
}

/// Index within `0..length` of `position` on a line that is mirrored repeatedly about its outermost pixels:
/// `c b | a b c | b a`.
fn mirrored(position: isize, length: usize) -> usize {
    let last = length.saturating_sub(1);
    let around = position.unsigned_abs() % (2 * last).max(1);
    around.min(2 * last - around)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::defects::tests::texture;

    /// Compares with `cv2.GaussianBlur(image, (size, size), 6, borderType=cv2.BORDER_REFLECT_101)` in float64, rounded. The
    /// values are the upper left 3x3 pixels of the test pattern of `tests/reference/photometric.py`.
    #[test]
    fn blur_is_that_of_opencv() {
        let image = crate::defects::photometric::tests::pattern();
        for (size, expected) in [
            (
                5,
                [
                    90, 20, 75, 82, 20, 77, 93, 21, 83, 87, 20, 63, 87, 20, 64, 98, 21, 68, 92, 21, 66, 94, 21, 68, 97,
                    21, 75,
                ],
            ),
            (
                11,
                [
                    99, 23, 85, 100, 23, 84, 96, 24, 82, 99, 23, 85, 101, 23, 84, 96, 24, 81, 100, 23, 83, 101, 24, 82,
                    97, 24, 81,
                ],
            ),
            (
                15,
                [
                    97, 26, 84, 98, 26, 84, 97, 27, 83, 97, 26, 84, 98, 26, 85, 97, 27, 84, 96, 27, 84, 97, 27, 85, 96,
                    28, 84,
                ],
            ),
        ] {
            let blurred = gaussian_blur(&image, size, SIGMA);
            for (i, &value) in expected.iter().enumerate() {
                let pixel = blurred.get_pixel(i as u32 / 3 % 3, i as u32 / 9);
                assert_eq!(pixel.0[i % 3], value, "{size} {i}");
            }
        }
    }

    #[test]
    fn mirrored_positions_stay_inside() {
        assert_eq!([-3, -2, -1, 0, 1, 2, 3, 4].map(|x| mirrored(x, 3)), [1, 2, 1, 0, 1, 2, 1, 0]);
        assert_eq!([-2, 0, 5].map(|x| mirrored(x, 1)), [0, 0, 0]);
    }

    #[test]
    fn one_colour_stays_and_detail_goes() {
        let plain = RgbImage::from_pixel(20, 9, image::Rgb([3, 200, 255]));
        assert_eq!(gaussian_blur(&plain, 15, SIGMA), plain);
        let spread = |image: &RgbImage| image.as_raw().iter().map(|&v| (f64::from(v) - 128.0).powi(2)).sum::<f64>();
        let image = texture(64, 64);
        assert!(spread(&gaussian_blur(&image, 5, SIGMA)) < spread(&image));
    }
}
