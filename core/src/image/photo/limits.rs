//! Limits of the size of a photo.

use super::error::PhotoError;
use crate::image::preprocess::INPUT_SIDE;

/// Least side of a photo, pixels. A smaller one does not show a surface.
pub const SMALLEST_SIDE: u32 = 32;
/// Largest photo that is decoded, pixels: 300 MB as 8-bit RGB. A shorter side below the network's input size is scaled up
/// to it, and counts as that size.
pub const LARGEST_AREA: u64 = 100_000_000;
/// Most bytes that the decoder of a file format may allocate.
pub(super) const LARGEST_ALLOCATION: u64 = 512 << 20;

/// Fails if a picture of this size is too small or too large to be inspected.
pub(super) fn check_size(width: u32, height: u32) -> Result<(), PhotoError> {
    if width.min(height) < SMALLEST_SIDE {
        return Err(PhotoError::TooSmall { width, height });
    }
    // The header may claim any size, so this is checked before anything is allocated.
    let (long, short) = (u64::from(width.max(height)), u64::from(width.min(height)));
    let input = u64::from(INPUT_SIDE);
    if (long * short).max(long * input / short * input) > LARGEST_AREA {
        return Err(PhotoError::TooLarge { width, height });
    }
    Ok(())
}
