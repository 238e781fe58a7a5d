//! Task of a helping worker: the synthetic defects of one window, drawn and extracted.

use std::ops::Range;

use cse::training::drawing::Window;
use image::RgbImage;
use js_sys::{Uint8Array, Uint8ClampedArray};
use serde::{Deserialize, Serialize};
use serde_wasm_bindgen::preserve;
use tsify::Tsify;
use wasm_bindgen::prelude::*;

/// Synthetic defects of one window, to be drawn and extracted.
#[derive(Clone, Debug, Serialize, Deserialize, Tsify)]
pub struct DefectTask {
    /// Width of the window, pixels.
    pub width: u32,
    /// Height of the window, pixels.
    pub height: u32,
    /// The good window, RGB row by row.
    #[serde(with = "preserve")]
    #[tsify(type = "Uint8Array<ArrayBuffer>")]
    pub pixels: Uint8Array,
    /// 255 for pixels that count, RGB row by row. Empty where all do.
    #[serde(with = "preserve")]
    #[tsify(type = "Uint8Array<ArrayBuffer>")]
    pub mask: Uint8Array,
    /// Seed of the first defect, as text, because it may exceed the exact numbers of JavaScript.
    pub first_seed: String,
    /// Number of defects, with consecutive seeds.
    pub count: u32,
    /// Names and values of the training's settings.
    pub settings: Vec<(String, String)>,
}

/// Features of the defects of a task.
#[derive(Clone, Debug, Serialize, Tsify)]
pub struct DrawnDefects {
    /// Features, packed.
    #[serde(with = "preserve")]
    #[tsify(type = "Uint8Array<ArrayBuffer>")]
    pub features: Uint8Array,
    /// The first defect, to be shown: RGBA row by row.
    #[serde(with = "preserve")]
    #[tsify(type = "Uint8ClampedArray<ArrayBuffer>")]
    pub picture: Uint8ClampedArray,
    /// Width of the picture, pixels.
    pub width: u32,
    /// Height of the picture, pixels.
    pub height: u32,
}

impl DefectTask {
    /// Task of some defects of a window.
    pub fn new(window: &Window, seeds: Range<u64>, settings: &[(String, String)]) -> Self {
        let bytes = |image: Option<&RgbImage>| Uint8Array::from(image.map_or(&[][..], |image| image.as_raw()));
        Self {
            width: window.image.width(),
            height: window.image.height(),
            pixels: bytes(Some(&window.image)),
            mask: bytes(window.mask.as_ref()),
            first_seed: seeds.start.to_string(),
            count: (seeds.end - seeds.start) as u32,
            settings: settings.to_vec(),
        }
    }

    /// The window, with the seeds of the task. None where the numbers do not fit together.
    pub fn window(&self) -> Option<Window> {
        let image = |bytes: &Uint8Array| RgbImage::from_raw(self.width, self.height, bytes.to_vec());
        let first: u64 = self.first_seed.parse().ok()?;
        let mask = if self.mask.length() == 0 { None } else { Some(image(&self.mask)?) };
        let seeds = first..first.checked_add(u64::from(self.count))?;
        Some(Window { image: image(&self.pixels)?, mask, seeds })
    }
}
