//! Conversion from ICC colour profiles to sRGB.

use image::RgbImage;
use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};
use serde::{Deserialize, Serialize};

/// Use of a photo's colour profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColourProfile {
    /// The file has no profile. Its values are taken as sRGB.
    None,
    /// The profile is sRGB's, to within 1 of 255.
    Srgb,
    /// Colours were converted from another profile, such as Display P3 or Adobe RGB.
    Converted,
    /// The profile is damaged or describes other channels. The values are taken as sRGB.
    Unusable,
}

/// Largest difference, of 255, of a profile that counts as sRGB's. Conversion would only add rounding.
const SAME: u8 = 1;

/// Converts `pixels` from an ICC profile to sRGB. `colours` is the number of the file's colour channels, 1 or 3.
pub(super) fn to_srgb(pixels: &mut RgbImage, profile: &[u8], colours: usize) -> ColourProfile {
    let Some(convert) = transform(profile, colours) else { return ColourProfile::Unusable };
    // Corners, edges and middles of the colour cube, and its diagonal.
    let steps = [0_u8, 32, 64, 96, 128, 160, 192, 224, 255];
    let count = steps.len();
    let colour = |index: usize| [index / (count * count), index / count % count, index % count].map(|step| steps[step]);
    let probe: Vec<u8> = match colours {
        1 => steps.iter().flat_map(|value| [*value; 3]).collect(),
        _ => (0..count.pow(3)).flat_map(colour).collect(),
    };
    let Some(converted) = convert(&probe) else { return ColourProfile::Unusable };
    if probe.iter().zip(&converted).all(|(before, after)| before.abs_diff(*after) <= SAME) {
        return ColourProfile::Srgb;
    }
    let row = 3 * pixels.width() as usize;
    let mut changed = Vec::with_capacity(pixels.as_raw().len());
    for row in pixels.as_raw().chunks_exact(row.max(1)) {
        let Some(row) = convert(row) else { return ColourProfile::Unusable };
        changed.extend(row);
    }
    let (width, height) = pixels.dimensions();
    let Some(converted) = RgbImage::from_raw(width, height, changed) else { return ColourProfile::Unusable };
    *pixels = converted;
    ColourProfile::Converted
}

/// Conversion of 8-bit RGB pixels, of which a grey profile takes the first channel. None for a profile of other channels.
fn transform(profile: &[u8], colours: usize) -> Option<impl Fn(&[u8]) -> Option<Vec<u8>>> {
    let source = ColorProfile::new_from_slice(profile).ok()?;
    let grey = match (source.color_space, colours) {
        (DataColorSpace::Gray, 1) => true,
        (DataColorSpace::Rgb, _) => false,
        _ => return None,
    };
    let layout = if grey { Layout::Gray } else { Layout::Rgb };
    let options = TransformOptions::default();
    let transform = source.create_transform_8bit(layout, &ColorProfile::new_srgb(), Layout::Rgb, options).ok()?;
    Some(move |pixels: &[u8]| {
        let mut converted = vec![0; pixels.len()];
        let done = if grey {
            let first: Vec<u8> = pixels.iter().step_by(3).copied().collect();
            transform.transform(&first, &mut converted)
        } else {
            transform.transform(pixels, &mut converted)
        };
        done.ok().map(|()| converted)
    })
}
