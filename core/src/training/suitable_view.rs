//! Choice of the view: as asked, or by the shape of the photos.
//!
//! Validation on synthetic defects cannot choose the view. On magnetic tile, windows separate held-out synthetic defects as
//! well as the resized photo does, but not real ones. A window lacks the surroundings of a defect.

use super::spec::ViewChoice;
use crate::image::fit_size::FitSize;
use crate::image::view::View;

/// Aspect ratio above which photos are cut into windows. Longer photos lose too much detail when resized to a square.
const LONGEST_ASPECT: f64 = 2.5;

/// View for photos of `sizes`, width and height in pixels, and the reason in words. It goes by the median proportions.
pub fn suitable_view(choice: ViewChoice, sizes: &[(u32, u32)]) -> (View, String) {
    let mut proportions: Vec<f64> =
        sizes.iter().map(|&(width, height)| f64::from(width) / f64::from(height.max(1))).collect();
    proportions.sort_by(f64::total_cmp);
    let proportions = proportions.get(proportions.len() / 2).copied().unwrap_or(1.0);
    let asked = |view| (view, "as asked".to_owned());
    match choice {
        ViewChoice::Resize => asked(View::Resize),
        ViewChoice::Crop => asked(View::Crop),
        ViewChoice::Tiles => asked(View::Tiles),
        ViewChoice::Fit => asked(View::Fit(FitSize::new(proportions))),
        ViewChoice::Auto => {
            let aspect = proportions.max(1.0 / proportions);
            let view = if aspect > LONGEST_ASPECT { View::Tiles } else { View::Resize };
            (view, format!("the photos are {aspect:.1} times as long as wide"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_photo_decides() {
        let view = |choice, sizes: &[(u32, u32)]| suitable_view(choice, sizes).0;
        assert_eq!(view(ViewChoice::Auto, &[(300, 200), (4096, 256), (200, 300)]), View::Resize);
        assert_eq!(view(ViewChoice::Auto, &[(4096, 256), (256, 4096), (200, 300)]), View::Resize);
        assert_eq!(view(ViewChoice::Auto, &[(4096, 256), (3000, 256), (200, 300)]), View::Tiles);
        let fit = View::Fit(FitSize { width: 352, height: 224 });
        assert_eq!(view(ViewChoice::Fit, &[(300, 200), (4096, 256), (200, 300)]), fit);
        assert_eq!(view(ViewChoice::Crop, &[]), View::Crop);
    }
}
