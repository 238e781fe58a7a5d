//! Photo to network input (paper, section 4.1): view of the photo, resize as Pillow and torchvision do it, ImageNet's scale.

use burn::tensor::{Device, Tensor, TensorData};
use fast_image_resize::images::Image;
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::RgbImage;
use serde::{Deserialize, Serialize};

/// Side of the network's input, pixels.
pub const INPUT_SIDE: u32 = 224;
/// What the shorter side becomes before the centre is cut out.
const CROP_SHORTER_SIDE: u32 = 256;
/// ImageNet's mean and standard deviation of RGB in [0, 1].
const MEAN: [f32; 3] = [0.485, 0.456, 0.406];
const STD: [f32; 3] = [0.229, 0.224, 0.225];

/// Which part of a photo the network sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum View {
    /// The whole photo, squashed to a square: nothing is left uninspected.
    #[default]
    Resize,
    /// The paper's: shorter side to 256, the centre 224 x 224 of that. The borders are not inspected.
    Crop,
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

impl View {
    /// The part of a photo of `width` x `height` pixels that is inspected.
    pub fn region(self, width: u32, height: u32) -> Region {
        match self {
            Self::Resize => Region { x: 0.0, y: 0.0, width: 1.0, height: 1.0 },
            Self::Crop => {
                let (w, h) = shorter_side_to(CROP_SHORTER_SIDE, width, height);
                let (x, y) = centre(w, h);
                let fraction = |a: u32, b: u32| a as f32 / b as f32;
                Region {
                    x: fraction(x, w),
                    y: fraction(y, h),
                    width: fraction(INPUT_SIDE, w),
                    height: fraction(INPUT_SIDE, h),
                }
            }
        }
    }
}

/// The network's input as 8-bit RGB, 224 x 224, before scaling: where synthetic defects are painted.
pub fn view(photo: &RgbImage, view: View) -> RgbImage {
    match view {
        View::Resize => resize(photo, INPUT_SIDE, INPUT_SIDE),
        View::Crop => {
            let (width, height) = shorter_side_to(CROP_SHORTER_SIDE, photo.width(), photo.height());
            let resized = resize(photo, width, height);
            let (x, y) = centre(width, height);
            image::imageops::crop_imm(&resized, x, y, INPUT_SIDE, INPUT_SIDE).to_image()
        }
    }
}

/// Inputs `[n, 3, 224, 224]`, normalised, on `device`. All images must be 224 x 224.
pub fn to_tensor<'a>(inputs: impl IntoIterator<Item = &'a RgbImage>, device: &Device) -> Tensor<4> {
    let side = INPUT_SIDE as usize;
    let mut values = Vec::new();
    for input in inputs {
        for channel in 0..3 {
            let (scale, shift) = (1.0 / (255.0 * STD[channel]), MEAN[channel] / STD[channel]);
            values.extend(input.as_raw().iter().skip(channel).step_by(3).map(|v| f32::from(*v) * scale - shift));
        }
    }
    let n = values.len() / (3 * side * side);
    Tensor::from_data(TensorData::new(values, [n, 3, side, side]), device)
}

/// Bilinear with antialias, as Pillow's `Image.resize(.., BILINEAR)`: each output pixel is the triangle-weighted mean of
/// the pixels it covers, in 8-bit fixed point, columns after rows.
fn resize(photo: &RgbImage, width: u32, height: u32) -> RgbImage {
    if photo.dimensions() == (width, height) {
        return photo.clone();
    }
    let mut output = Image::new(width, height, PixelType::U8x3);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
    let source =
        fast_image_resize::images::ImageRef::new(photo.width(), photo.height(), photo.as_raw(), PixelType::U8x3);
    let resized = source.map(|source| Resizer::new().resize(&source, &mut output, &options).is_ok());
    match (resized, RgbImage::from_raw(width, height, output.into_vec())) {
        (Ok(true), Some(image)) => image,
        // The buffers' sizes and types are right by construction; the general resizer stands in should that ever change.
        _ => image::imageops::resize(photo, width, height, image::imageops::FilterType::Triangle),
    }
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
