//! Orientation of a photo, as its EXIF data states it.

use image::metadata::Orientation;
use image::{DynamicImage, GrayImage, RgbImage};

/// Turns pixels upright.
pub(super) fn upright(pixels: RgbImage, orientation: Orientation) -> RgbImage {
    if orientation == Orientation::NoTransforms {
        return pixels;
    }
    let mut turned = DynamicImage::from(pixels);
    turned.apply_orientation(orientation);
    turned.into_rgb8()
}

/// Turns a mask upright.
pub(super) fn upright_mask(mask: GrayImage, orientation: Orientation) -> GrayImage {
    let mut turned = DynamicImage::from(mask);
    turned.apply_orientation(orientation);
    turned.into_luma8()
}

/// Tells whether the picture's width becomes its height when it is turned upright.
pub(super) fn swaps_sides(orientation: Orientation) -> bool {
    matches!(
        orientation,
        Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH
    )
}
