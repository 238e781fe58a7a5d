//! Rotation about the centre, as imgaug's `Affine(rotate=...)` does it by default.

use image::{ImageBuffer, Pixel, imageops::interpolate_bilinear};

/// Rotates `image` about its centre by `degrees`, at the same size. Bilinear, with 0 outside of the rotated image.
pub fn rotate<P: Pixel>(image: &ImageBuffer<P, Vec<P::Subpixel>>, degrees: f32) -> ImageBuffer<P, Vec<P::Subpixel>> {
    let (width, height) = image.dimensions();
    let (sin, cos) = degrees.to_radians().sin_cos();
    let centre = |length: u32| (length.saturating_sub(1)) as f32 / 2.0;
    let (centre_x, centre_y) = (centre(width), centre(height));
    let mut rotated = ImageBuffer::new(width, height);
    for (x, y, pixel) in rotated.enumerate_pixels_mut() {
        let (dx, dy) = (x as f32 - centre_x, y as f32 - centre_y);
        let (from_x, from_y) = (centre_x + cos * dx + sin * dy, centre_y - sin * dx + cos * dy);
        if let Some(sample) = interpolate_bilinear(image, from_x, from_y) {
            *pixel = sample;
        }
    }
    rotated
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{GrayImage, Luma};

    #[test]
    fn none_at_all_changes_nothing() {
        let image = GrayImage::from_fn(7, 5, |x, y| Luma([(x * 31 + y * 7) as u8]));
        assert_eq!(rotate(&image, 0.0), image);
    }

    #[test]
    fn half_a_degree_off_a_quarter_is_nearly_a_quarter() {
        let image = GrayImage::from_fn(20, 20, |x, y| Luma([(x * 12 + y) as u8]));
        let (ours, exact) = (rotate(&image, 89.5), image::imageops::rotate90(&image));
        for (x, y, pixel) in ours.enumerate_pixels().filter(|(x, y, _)| (2..18).contains(x) && (2..18).contains(y)) {
            assert!(pixel.0[0].abs_diff(exact.get_pixel(x, y).0[0]) <= 2, "{x} {y}");
        }
    }

    #[test]
    fn corners_are_black() {
        let white = GrayImage::from_pixel(21, 21, Luma([255]));
        let rotated = rotate(&white, 45.0);
        assert_eq!((rotated.get_pixel(0, 0).0, rotated.get_pixel(20, 20).0), ([0], [0]));
        assert_eq!(rotated.get_pixel(10, 10).0, [255]);
    }
}
