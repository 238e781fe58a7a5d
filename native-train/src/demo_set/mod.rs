//! `demo-textures`: photo sets of three generated materials with hand-designed defects, in MVTec AD's layout.
//!
//! The defects change the material before it is lit and photographed: a dent is a change of height, a broken yarn bares
//! the yarns below. They are not the synthetic defects of training, so they measure what training has not seen.

mod cloth;
mod cork;
pub mod damage;
mod vinyl;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use image::{GrayImage, ImageError, RgbImage};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::textures::field::Size;
use crate::textures::light::Camera;
use crate::textures::surface::{Lamp, Surface};
use damage::Damage;

/// Arguments of `demo-textures`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Folder for the sets, one subfolder a material
    #[arg(long, value_name = "FOLDER")]
    pub out: PathBuf,
    /// Seed of all random choices
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Side of a photo, pixels
    #[arg(long, default_value_t = 320, value_parser = clap::value_parser!(u32).range(256..=1024))]
    pub side: u32,
    /// Good photos to train on
    #[arg(long, default_value_t = 60)]
    pub train: u32,
    /// Good photos to test on
    #[arg(long, default_value_t = 20)]
    pub good: u32,
    /// Photos of each kind of defect
    #[arg(long, default_value_t = 8)]
    pub defective: u32,
    /// Folder for small samples of the test photos as JPEG: three good and four defective ones a material
    #[arg(long, value_name = "FOLDER")]
    pub samples: Option<PathBuf>,
}

/// Why a set was not written.
#[derive(Debug, thiserror::Error)]
pub enum DemoSetError {
    /// A folder cannot be made.
    #[error("{}: {source}", .path.display())]
    Folder {
        /// Where.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// An image cannot be written.
    #[error("{}: {source}", .path.display())]
    Image {
        /// Where.
        path: PathBuf,
        /// What is wrong.
        source: ImageError,
    },
}

/// Damages a surface in one way.
pub type Inflict = fn(&mut Damage, &mut ChaCha8Rng);

/// A material of the demonstration and the ways it is damaged.
pub struct Material {
    /// Name of its folder.
    pub name: &'static str,
    /// A piece of it.
    pub surface: fn(Size, &mut ChaCha8Rng) -> Surface,
    /// The lamp over it.
    pub lamp: Lamp,
    /// The camera above it.
    pub camera: Camera,
    /// Kinds of defect: the folder's name, and what does the damage.
    pub defects: &'static [(&'static str, Inflict)],
}

/// Writes the sets.
pub fn run(args: &Args) -> Result<(), DemoSetError> {
    for (number, material) in [cloth::material(), vinyl::material(), cork::material()].iter().enumerate() {
        let folder = args.out.join(material.name);
        let shots = shots(args, material);
        for place in shots.iter().map(|shot| &shot.place) {
            make_folder(&folder.join(place))?;
            if !place.ends_with("good") {
                make_folder(&folder.join(place.replacen("test", "ground_truth", 1)))?;
            }
        }
        shots.par_iter().enumerate().try_for_each(|(index, shot)| {
            let mut rng = ChaCha8Rng::seed_from_u64(args.seed);
            rng.set_stream(((number as u64) << 32) | index as u64);
            let (photo, mask) = material.photo(args.side, shot.defect, &mut rng);
            save(&photo, &folder.join(&shot.place).join(format!("{:03}.png", shot.number)))?;
            if shot.defect.is_some() {
                let truth = folder.join(shot.place.replacen("test", "ground_truth", 1));
                save_mask(&mask, &truth.join(format!("{:03}_mask.png", shot.number)))?;
            }
            match &args.samples {
                Some(samples) if shot.is_sample() => save_sample(&photo, samples, material.name, shot),
                _ => Ok(()),
            }
        })?;
    }
    Ok(())
}

/// One photo of a set.
struct Shot {
    /// Folder below the material's.
    place: String,
    /// Number in its folder.
    number: u32,
    /// Which of the material's defects it has.
    defect: Option<usize>,
}

impl Shot {
    fn is_sample(&self) -> bool {
        self.place.starts_with("test") && if self.defect.is_some() { self.number == 0 } else { self.number < 3 }
    }
}

fn shots(args: &Args, material: &Material) -> Vec<Shot> {
    let many = |place: String, count: u32, defect: Option<usize>| {
        (0..count).map(move |number| Shot { place: place.clone(), number, defect })
    };
    let mut shots = many("train/good".into(), args.train, None).collect::<Vec<_>>();
    shots.extend(many("test/good".into(), args.good, None));
    for (index, (name, _)) in material.defects.iter().enumerate() {
        shots.extend(many(format!("test/{name}"), args.defective, Some(index)));
    }
    shots
}

impl Material {
    /// A photo of a new place of the material, and where it is damaged (255) or not (0).
    fn photo(&self, side: u32, defect: Option<usize>, rng: &mut ChaCha8Rng) -> (RgbImage, GrayImage) {
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

fn make_folder(path: &Path) -> Result<(), DemoSetError> {
    fs::create_dir_all(path).map_err(|source| DemoSetError::Folder { path: path.to_owned(), source })
}

fn save(photo: &RgbImage, path: &Path) -> Result<(), DemoSetError> {
    photo.save(path).map_err(|source| DemoSetError::Image { path: path.to_owned(), source })
}

fn save_mask(mask: &GrayImage, path: &Path) -> Result<(), DemoSetError> {
    mask.save(path).map_err(|source| DemoSetError::Image { path: path.to_owned(), source })
}

/// A JPEG of at most 40 kB: the best quality that fits.
fn save_sample(photo: &RgbImage, folder: &Path, material: &str, shot: &Shot) -> Result<(), DemoSetError> {
    const LIMIT: usize = 40_000;
    make_folder(folder)?;
    let kind = shot.place.rsplit('/').next().unwrap_or("good");
    let path = folder.join(format!("{material}-{kind}-{}.jpg", shot.number));
    let mut bytes = Vec::new();
    for quality in (40..=92).rev().step_by(4) {
        bytes.clear();
        photo
            .write_with_encoder(image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, quality))
            .map_err(|source| DemoSetError::Image { path: path.clone(), source })?;
        if bytes.len() <= LIMIT {
            break;
        }
    }
    fs::write(&path, &bytes).map_err(|source| DemoSetError::Folder { path: path.clone(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rng(seed: u64) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(seed)
    }

    fn materials() -> [Material; 3] {
        [cloth::material(), vinyl::material(), cork::material()]
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
