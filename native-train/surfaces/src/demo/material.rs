//! Demo material: a generated material with kinds of damage.

use image::{GrayImage, RgbImage};
use rand_chacha::ChaCha8Rng;

use super::damage::Damage;
use crate::field::Size;
use crate::light::Camera;
use crate::surface::{Lamp, Surface};

/// Damages a surface in one way.
pub type Inflict = fn(&mut Damage, &mut ChaCha8Rng);

/// Material of the demo, with its kinds of damage.
pub struct DemoMaterial {
    /// Name of its folder.
    pub name: &'static str,
    /// Draws a piece of it.
    pub surface: fn(Size, &mut ChaCha8Rng) -> Surface,
    /// The lamp over it.
    pub lamp: Lamp,
    /// The camera above it.
    pub camera: Camera,
    /// Kinds of defect: name of the folder, and the function that draws the damage.
    pub defects: &'static [(&'static str, Inflict)],
}

impl DemoMaterial {
    /// Photo of a new place of the material, `side` pixels square, and its mask: 255 where it is damaged, else 0.
    /// `defect` is the index of the damage.
    pub fn photo(&self, side: u32, defect: Option<usize>, rng: &mut ChaCha8Rng) -> (RgbImage, GrayImage) {
        let surface = (self.surface)(Size::square(side), rng);
        let mut damage = Damage::new(surface);
        if let Some((_, inflict)) = defect.and_then(|index| self.defects.get(index)) {
            inflict(&mut damage, rng);
        }
        let scene = damage.surface.lit(&self.lamp);
        let photo = self.camera.again(rng).photo(&scene, rng);
        (photo, damage.mask())
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;
    use crate::demo::materials;

    fn rng(seed: u64) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(seed)
    }

    #[test]
    fn every_defect_marks_a_small_visible_part() {
        for material in materials() {
            for (index, (name, _)) in material.defects.iter().enumerate() {
                for seed in 0..4 {
                    let (photo, mask) = material.photo(256, Some(index), &mut rng(seed));
                    assert_eq!(photo.dimensions(), mask.dimensions());
                    let marked = mask.pixels().filter(|pixel| pixel.0[0] == 255).count();
                    let share = marked as f64 / f64::from(256 * 256);
                    assert!((1e-4..0.25).contains(&share), "{} {name}, seed {seed}: {share}", material.name);
                    assert!(mask.pixels().all(|pixel| matches!(pixel.0[0], 0 | 255)));
                }
            }
        }
    }

    #[test]
    fn the_seed_decides_everything_and_good_photos_have_no_mask() {
        for material in materials() {
            let (a, b, c) = (
                material.photo(256, None, &mut rng(5)),
                material.photo(256, None, &mut rng(5)),
                material.photo(256, None, &mut rng(6)),
            );
            assert_eq!(a, b);
            assert_ne!(a.0, c.0);
            assert!(a.1.pixels().all(|pixel| pixel.0[0] == 0));
        }
    }
}
