//! Chooses the view for `--view auto` by the shape of the photos.
//!
//! Validation on synthetic defects cannot choose the view. On magnetic tile, windows separate held-out synthetic defects as
//! well as the resized photo does, but not real ones (`figures/README.md`). A window lacks the surroundings of a defect.

use cse::image::view::View;

/// Aspect ratio above which photos are cut into windows. Longer photos lose too much detail when resized to a square.
const LONGEST_ASPECT: f64 = 2.5;

/// View for photos of the given sizes, by their median aspect ratio, and the reason.
pub fn suitable_view(sizes: &[(u32, u32)]) -> (View, String) {
    let aspect = |&(width, height): &(u32, u32)| f64::from(width.max(height)) / f64::from(width.min(height).max(1));
    let mut aspects: Vec<f64> = sizes.iter().map(aspect).collect();
    aspects.sort_by(f64::total_cmp);
    let aspect = aspects.get(aspects.len() / 2).copied().unwrap_or(1.0);
    if aspect > LONGEST_ASPECT {
        (View::Tiles, format!("the photos are {aspect:.1} times as long as wide"))
    } else {
        (View::Resize, format!("the photos are {aspect:.1} times as long as wide, so they are resized to a square"))
    }
}
