//! Settings that the photos of a category are decoded with: the range of values, and the region that is left out.

use std::sync::Arc;

use image::imageops::{self, FilterType};
use image::{GrayImage, Luma};

use super::{Levels, Photo, PhotoError, decode, opacity};

/// Longer side of a region's mask, pixels: finer than any position that is inspected.
const REGION_SIDE: u32 = 256;

/// Settings that the photos of a category are decoded with, in training and in inspection alike.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// Range of samples of more than 8 bits.
    pub levels: Option<Levels>,
    /// Region of every photo that is neither trained on nor inspected. None to use the whole photo.
    pub ignored: Option<IgnoreMask>,
}

/// Mask of a region that is left out of every photo of a category. It is stretched over each photo. Cheap to copy.
#[derive(Clone, Debug, PartialEq)]
pub struct IgnoreMask(Arc<GrayImage>);

impl IgnoreMask {
    /// A mask of the region that `mask` marks with values above 0. None where it marks nothing.
    pub fn new(mask: &GrayImage) -> Option<Self> {
        let (width, height) = mask.dimensions();
        let scale = (f64::from(REGION_SIDE) / f64::from(width.max(height).max(1))).min(1.0);
        let side = |side: u32| ((f64::from(side) * scale).ceil() as u32).max(1);
        let mut small = GrayImage::new(side(width), side(height));
        for (x, y, _) in mask.enumerate_pixels().filter(|(.., pixel)| pixel[0] > 0) {
            let at = |at: u32, from: u32, to: u32| (u64::from(at) * u64::from(to) / u64::from(from)) as u32;
            small.put_pixel(at(x, width, small.width()), at(y, height, small.height()), Luma([u8::MAX]));
        }
        small.pixels().any(|pixel| pixel[0] > 0).then(|| Self(Arc::new(small)))
    }

    /// 255 in the region and 0 outside.
    pub fn mask(&self) -> &GrayImage {
        &self.0
    }
}

impl Reading {
    /// Decodes `bytes` as [`decode`] does, and leaves the region out.
    pub fn decode(&self, bytes: &[u8]) -> Result<Photo, PhotoError> {
        let mut photo = decode(bytes, self.levels)?;
        if let Some(region) = &self.ignored {
            photo.leave_out(region)?;
        }
        Ok(photo)
    }
}

impl Photo {
    /// Marks a region as not to inspect, and gives it the colours of other places. An error where nothing is left.
    pub fn leave_out(&mut self, region: &IgnoreMask) -> Result<(), PhotoError> {
        let (width, height) = self.pixels.dimensions();
        let ignored = imageops::resize(&*region.0, width, height, FilterType::Nearest);
        let mut alpha: Vec<u8> = ignored.pixels().map(|pixel| u8::MAX - pixel[0]).collect();
        if let Some(opaque) = &self.opaque {
            alpha.iter_mut().zip(opaque.pixels()).for_each(|(alpha, opaque)| *alpha = (*alpha).min(opaque[0]));
        }
        self.opaque = opacity::fill(&mut self.pixels, alpha)?;
        Ok(())
    }
}
