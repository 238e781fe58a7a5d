//! `--view auto`: the view that suits photos, by their shape.
//!
//! Not by a validation: on magnetic tile held-out synthetic defects are told apart as well in windows as in the squashed
//! photo, real ones are not (`figures/README.md`). A window shows what was painted into it and lacks what lies around.

use std::path::PathBuf;

use cse::view::View;

use crate::files::{self, FileError};

/// Aspect ratio from which photos are looked at in windows: squashing to a square hides more than it shows.
const LONGEST_ASPECT: f64 = 2.5;

/// The view that suits most of `photos`, and why.
pub fn suitable_view(photos: &[PathBuf]) -> Result<(View, String), FileError> {
    let mut aspects = Vec::with_capacity(photos.len());
    for path in photos {
        let (width, height) = files::photo_size(path)?;
        aspects.push(f64::from(width.max(height)) / f64::from(width.min(height).max(1)));
    }
    aspects.sort_by(f64::total_cmp);
    let aspect = aspects.get(aspects.len() / 2).copied().unwrap_or(1.0);
    Ok(if aspect > LONGEST_ASPECT {
        (View::Tiles, format!("the photos are {aspect:.1} times as long as wide"))
    } else {
        (View::Resize, format!("the photos are {aspect:.1} times as long as wide: nothing is lost in a square"))
    })
}
