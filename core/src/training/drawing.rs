//! Drawing: the windows of good photos to train on, and the synthetic defects on them.

use std::ops::Range;

use image::{DynamicImage, RgbImage};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::sketch::sketch;
use super::spec::TrainSpec;
use crate::defects::{DefectMaker, Defective};
use crate::image::exposure::Exposure;
use crate::image::inspected::Inspected;
use crate::image::photo::Photo;
use crate::image::variation::{Tolerance, Variation};
use crate::image::view::View;

/// Number of windows in a part of a photo. A part is drawn and extracted at once.
pub const WINDOWS_IN_PART: usize = 2 * super::training_set::EXTRACTED_AT_ONCE;

/// Total number of synthetic defects. A training draws at most about 1,700 for each member.
const DEFECTS: usize = 3000;
/// Least and largest number of synthetic defects of each window.
const DEFECTS_EACH: (usize, usize) = (2, 16);

/// Number of synthetic defects of each window: the number asked for, or one that gives a total of about 3,000.
pub fn defects_each(asked: Option<u32>, windows: usize) -> usize {
    let (least, most) = DEFECTS_EACH;
    asked.map_or_else(|| (DEFECTS / windows.max(1)).clamp(least, most), |each| each as usize)
}

/// Least number of varied copies of all photos together. Each photo has at least one.
const COPIES: usize = 60;

/// Number of varied copies of each of `photos` photos.
fn copies_each(photos: usize) -> usize {
    COPIES.div_ceil(photos.max(1))
}

/// Recipe for the windows and defects of each photo.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recipe {
    /// Windows that a photo is cut into.
    pub view: View,
    /// Brightness of the windows.
    pub exposure: Exposure,
    /// Least number of windows of each photo. A photo has more if an inspection needs more.
    pub windows_each: usize,
    /// Number of synthetic defects of each window. 0 for a method without training.
    pub defects_each: usize,
    /// Limits of the variations.
    pub tolerance: Tolerance,
    /// Number of varied copies of each photo.
    pub copies_each: usize,
    /// Seed of random windows and defects.
    pub seed: u64,
}

impl Recipe {
    /// Recipe of a training on photos of `sizes`, width and height in pixels.
    pub fn new(spec: &TrainSpec, view: View, sizes: &[(u32, u32)]) -> Self {
        let windows_each = (spec.windows as usize).div_ceil(sizes.len().max(1));
        let TrainSpec { exposure, tolerance, seed, .. } = *spec;
        let copies_each = if tolerance == Tolerance::NONE { 0 } else { copies_each(sizes.len()) };
        let recipe = Self { view, exposure, windows_each, defects_each: 0, tolerance, copies_each, seed };
        let of_originals = Self { copies_each: 0, ..recipe };
        let defects = || defects_each(spec.defects_per_image, of_originals.windows(sizes));
        Self { defects_each: if spec.method.is_trained() { defects() } else { 0 }, ..recipe }
    }

    /// Recipe for the inspection windows only, without defects.
    pub fn of_inspection(&self) -> Self {
        Self { windows_each: 0, defects_each: 0, tolerance: Tolerance::NONE, copies_each: 0, seed: 0, ..*self }
    }

    /// Number of windows of photos of `sizes`, those of their copies included.
    pub fn windows(&self, sizes: &[(u32, u32)]) -> usize {
        let of_photo = |&(width, height): &(u32, u32)| {
            let inspected = self.view.regions(width, height).len();
            self.window_count(inspected) + self.copies_each * inspected
        };
        sizes.iter().map(of_photo).sum()
    }

    /// Number of windows of a photo with `inspected` inspection windows.
    fn window_count(&self, inspected: usize) -> usize {
        if self.view == View::Tiles { inspected.max(self.windows_each) } else { inspected }
    }
}

/// Draws photo after photo. The same recipe and photos give the same windows and defects.
pub struct Drawing {
    recipe: Recipe,
    rng: ChaCha8Rng,
    /// Random numbers of the variations. They have their own, so that windows and defects do not depend on the tolerance.
    variations: ChaCha8Rng,
    /// Seed of the next defect.
    next_seed: u64,
}

/// Facts of a photo, apart from its windows.
#[derive(Clone, Debug)]
pub struct PhotoFacts {
    /// Number of inspection windows, which are the first windows of the photo.
    pub inspected: usize,
    /// Sketch of the photo, for near-duplicate detection.
    pub sketch: Vec<f32>,
    /// SHA-256 of the photo's file.
    pub digest: [u8; 32],
    /// True for a varied copy of the last photo that is none.
    pub copy: bool,
}

/// Some windows of one photo, in their order.
pub struct Part {
    /// Facts of the photo, with its first part.
    pub begins: Option<PhotoFacts>,
    /// Windows.
    pub windows: Vec<Window>,
}

/// Window of a photo, with the seeds of its synthetic defects.
#[derive(Clone, Debug)]
pub struct Window {
    /// The good window, 8-bit RGB.
    pub image: RgbImage,
    /// 255 for pixels that count, of the size of `image`. None where all do.
    pub mask: Option<RgbImage>,
    /// Seeds of its defects, one each.
    pub seeds: Range<u64>,
}

/// Windows with their synthetic defects.
pub struct DrawnPart {
    /// Facts of the photo, with its first part.
    pub begins: Option<PhotoFacts>,
    /// Windows.
    pub windows: Vec<DrawnWindow>,
}

/// Window with its synthetic defects.
pub struct DrawnWindow {
    /// The good window.
    pub normal: RgbImage,
    /// Positions that count. None where all do.
    pub inspected: Option<Inspected>,
    /// Copies of the window, each with a defect.
    pub defective: Vec<Defective>,
}

/// Makes the defects of some seeds, one after another.
pub fn one_by_one(seeds: Range<u64>, make: &(dyn Fn(u64) -> Defective + Sync)) -> Vec<Defective> {
    seeds.map(make).collect()
}

impl Drawing {
    /// Begins with the first photo.
    pub fn new(recipe: Recipe) -> Self {
        let rng = ChaCha8Rng::seed_from_u64(recipe.seed);
        let mut variations = rng.clone();
        variations.set_stream(1);
        Self { recipe, rng, variations, next_seed: recipe.seed << 32 }
    }

    /// Windows of the next photo, whose file has the SHA-256 `digest`, and of its varied copies. There is at least one part.
    pub fn photo(&mut self, photo: &Photo, digest: [u8; 32]) -> Vec<Part> {
        let facts = |inspected, copy| PhotoFacts { inspected, sketch: sketch(&photo.pixels), digest, copy };
        let (windows, inspected) = self.windows(photo, false);
        let mut parts = self.parts(facts(inspected, false), windows, self.recipe.defects_each);
        for _ in 0..self.recipe.copies_each {
            let variations = self.recipe.tolerance.draw(&mut self.variations);
            let changed = |photo: Photo, variation: Variation| variation.of(&photo, self.recipe.view);
            let (windows, inspected) = self.windows(&variations.into_iter().fold(photo.clone(), changed), true);
            // A defect on a copy would teach no more than one on the photo itself.
            parts.extend(self.parts(facts(inspected, true), windows, 0));
        }
        parts
    }

    /// Parts of one photo, with `defects_each` defects of each window.
    fn parts(&mut self, facts: PhotoFacts, mut windows: Vec<Window>, defects_each: usize) -> Vec<Part> {
        let mut begins = Some(facts);
        let mut parts = Vec::new();
        while begins.is_some() || !windows.is_empty() {
            let rest = windows.split_off(windows.len().min(WINDOWS_IN_PART));
            let mut windows = std::mem::replace(&mut windows, rest);
            for window in &mut windows {
                window.seeds = self.next_seed..self.next_seed + defects_each as u64;
                self.next_seed = window.seeds.end;
            }
            parts.push(Part { begins: begins.take(), windows });
        }
        parts
    }

    /// Windows of a photo, and the number of inspection windows, which come first. For tiles of a photo that is no copy,
    /// windows at random places follow. Random windows alone would seldom show the ends of a photo, and these would then
    /// look like defects.
    fn windows(&mut self, photo: &Photo, copy: bool) -> (Vec<Window>, usize) {
        let windows = self.recipe.view.windows(&photo.pixels).with_gain(self.recipe.exposure.gain(photo));
        let mask = photo.opaque.clone().map(|opaque| DynamicImage::from(opaque).into_rgb8());
        let mask = mask.as_ref().map(|mask| self.recipe.view.windows(mask));
        let inspected = windows.count();
        let others = if copy { 0 } else { self.recipe.window_count(inspected) - inspected };
        let random = std::iter::repeat_with(|| windows.random_corner(&mut self.rng)).take(others);
        let cut = |corner| {
            let mask = mask.as_ref().map(|mask| mask.at(corner));
            Window { image: windows.at(corner), mask, seeds: 0..0 }
        };
        (windows.corners().iter().copied().chain(random).map(cut).collect(), inspected)
    }
}

impl Window {
    /// Draws its defects. `each` makes those of some seeds, in their order: [`one_by_one`], or in parallel.
    pub fn defects(
        &self,
        maker: &DefectMaker,
        each: impl Fn(Range<u64>, &(dyn Fn(u64) -> Defective + Sync)) -> Vec<Defective>,
    ) -> Vec<Defective> {
        let make = |seed| {
            let mut made = maker.make(&self.image, seed);
            if let Some(mask) = &self.mask {
                keep_outside(&mut made, &self.image, mask);
            }
            made
        };
        each(self.seeds.clone(), &make)
    }
}

impl Part {
    /// Draws the defects of all windows. `each` is that of [`Window::defects`].
    pub fn draw(
        self,
        maker: &DefectMaker,
        each: impl Fn(Range<u64>, &(dyn Fn(u64) -> Defective + Sync)) -> Vec<Defective>,
    ) -> DrawnPart {
        self.drawn(|window| window.defects(maker, &each))
    }

    /// Leaves the defects out, for a caller that draws them later or elsewhere. See [`TrainingSet::add_defects`].
    ///
    /// [`TrainingSet::add_defects`]: super::training_set::TrainingSet::add_defects
    pub fn without_defects(self) -> DrawnPart {
        self.drawn(|_| Vec::new())
    }

    fn drawn(self, defects: impl Fn(&Window) -> Vec<Defective>) -> DrawnPart {
        let draw = |window: Window| DrawnWindow {
            inspected: window.mask.as_ref().and_then(Inspected::of_window),
            defective: defects(&window),
            normal: window.image,
        };
        DrawnPart { begins: self.begins, windows: self.windows.into_iter().map(draw).collect() }
    }
}

/// Removes a defect where the pixels of the photo do not count.
fn keep_outside(made: &mut Defective, normal: &RgbImage, mask: &RgbImage) {
    let counts = mask.pixels().zip(normal.pixels());
    for ((pixel, marked), (counts, normal)) in made.image.pixels_mut().zip(made.mask.pixels_mut()).zip(counts) {
        if counts[0] < u8::MAX {
            *pixel = *normal;
            marked[0] = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::presets;
    use super::super::spec::Preset;
    use super::*;

    #[test]
    fn many_photos_have_fewer_defects_each() {
        assert_eq!([10, 800, 2000, 5000].map(|windows| defects_each(None, windows)), [16, 3, 2, 2]);
        assert_eq!(defects_each(Some(5), 764), 5);
    }

    #[test]
    fn tiles_have_the_windows_of_an_inspection_and_as_many_as_asked_for() {
        let photo = RgbImage::from_fn(700, 224, |x, _| image::Rgb([(x / 3) as u8; 3]));
        let photo = Photo::of_pixels(photo);
        let draw = |view, windows_each| {
            let spec = TrainSpec { tolerance: Tolerance::NONE, ..presets::spec(Preset::Paper) };
            let recipe = Recipe::new(&spec, view, &[photo.pixels.dimensions()]);
            Drawing::new(Recipe { windows_each, ..recipe }).windows(&photo, false)
        };
        let (drawn, inspected) = draw(View::Tiles, 7);
        let of_inspection = View::Tiles.windows(&photo.pixels);
        assert_eq!((drawn.len(), inspected), (7, of_inspection.count()));
        assert!(of_inspection.images().zip(&drawn).all(|(inspected, window)| inspected == window.image));
        assert_eq!(draw(View::Resize, 5).0.len(), 1);
    }
}
