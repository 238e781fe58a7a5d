//! Preprocessing (paper, section 4.1): resizes pixels as Pillow and torchvision do, and normalises them as for ImageNet.

use std::borrow::Cow;

use burn::tensor::{Device, Tensor, TensorData};
use fast_image_resize::images::Image;
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::RgbImage;

/// Side of the network's input, pixels.
pub const INPUT_SIDE: u32 = 224;
/// ImageNet's mean and standard deviation of RGB in [0, 1].
const MEAN: [f32; 3] = [0.485, 0.456, 0.406];
const STD: [f32; 3] = [0.229, 0.224, 0.225];

/// Normalised network input `[n, 3, height, width]` on `device`. All images must have the size of the first one.
pub fn to_tensor<'a>(inputs: impl IntoIterator<Item = &'a RgbImage>, device: &Device) -> Tensor<4> {
    Tensor::from_data(to_data(inputs), device)
}

/// Values of [`to_tensor`], on the host.
pub fn to_data<'a>(inputs: impl IntoIterator<Item = &'a RgbImage>) -> TensorData {
    let mut inputs = inputs.into_iter().peekable();
    let size = inputs.peek().map_or((INPUT_SIDE, INPUT_SIDE), |first| first.dimensions());
    let (width, height) = (size.0 as usize, size.1 as usize);
    let mut values = Vec::with_capacity(inputs.size_hint().0 * 3 * height * width);
    let mut n = 0;
    for input in inputs {
        debug_assert_eq!(input.dimensions(), size);
        n += 1;
        for channel in 0..3 {
            let (scale, shift) = (1.0 / (255.0 * STD[channel]), MEAN[channel] / STD[channel]);
            values.extend(input.as_raw().iter().skip(channel).step_by(3).map(|v| f32::from(*v) * scale - shift));
        }
    }
    TensorData::new(values, [n, 3, height, width])
}

/// Bilinear resize with antialiasing, as Pillow's `Image.resize(.., BILINEAR)`. Each output pixel is the triangle-weighted
/// mean of the pixels that it covers, in 8-bit fixed point, columns after rows.
pub(crate) fn resize(photo: &RgbImage, width: u32, height: u32) -> Cow<'_, RgbImage> {
    if photo.dimensions() == (width, height) {
        return Cow::Borrowed(photo);
    }
    let mut output = Image::new(width, height, PixelType::U8x3);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
    let source =
        fast_image_resize::images::ImageRef::new(photo.width(), photo.height(), photo.as_raw(), PixelType::U8x3);
    let resized = source.map(|source| Resizer::new().resize(&source, &mut output, &options).is_ok());
    Cow::Owned(match (resized, RgbImage::from_raw(width, height, output.into_vec())) {
        (Ok(true), Some(image)) => image,
        // Sizes and types of the buffers are right by construction. If that ever changes, the general resizer is used.
        _ => image::imageops::resize(photo, width, height, image::imageops::FilterType::Triangle),
    })
}
