//! View that suits photos, by their shape, for `--view auto`.
//!
//! A validation cannot choose it. On magnetic tile, windows separate held-out synthetic defects as well as the squashed photo
//! does, but not real ones (`figures/README.md`). A window shows the painted defect without what lies around it.

use cse::image::view::View;

/// Aspect ratio above which photos are cut into windows. Squashed to a square, longer ones lose too much.
const LONGEST_ASPECT: f64 = 2.5;

/// The view that suits most of the photos of these sizes, and the reason.
pub fn suitable_view(sizes: &[(u32, u32)]) -> (View, String) {
    let aspect = |&(width, height): &(u32, u32)| f64::from(width.max(height)) / f64::from(width.min(height).max(1));
    let mut aspects: Vec<f64> = sizes.iter().map(aspect).collect();
    aspects.sort_by(f64::total_cmp);
    let aspect = aspects.get(aspects.len() / 2).copied().unwrap_or(1.0);
    if aspect > LONGEST_ASPECT {
        (View::Tiles, format!("the photos are {aspect:.1} times as long as wide"))
    } else {
        (View::Resize, format!("the photos are {aspect:.1} times as long as wide: nothing is lost in a square"))
    }
}
