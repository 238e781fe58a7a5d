//! `demo-photos`: writes photos of three generated materials with defects, in MVTec AD's layout.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use image::{GrayImage, ImageError, RgbImage};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use surfaces::demo::{self, DemoMaterial};

/// Settings of `demo-photos`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Folder for the photos, with a subfolder for each material
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
    /// Folder for small JPEG samples of the test photos: three good and four defective ones of each material
    #[arg(long, value_name = "FOLDER")]
    pub samples: Option<PathBuf>,
}

/// Why the photos were not written.
#[derive(Debug, thiserror::Error)]
pub enum DemoSetError {
    /// A folder cannot be created.
    #[error("{}: the folder cannot be created ({source})", .path.display())]
    Folder {
        /// Path of the folder.
        path: PathBuf,
        /// Error of the operating system.
        source: io::Error,
    },
    /// An image cannot be written.
    #[error("{}: the image cannot be written ({source})", .path.display())]
    Image {
        /// Path of the image.
        path: PathBuf,
        /// Error of the encoder or the operating system.
        source: ImageError,
    },
}

/// Writes the photos of all materials.
pub fn run(args: &Args) -> Result<(), DemoSetError> {
    for (number, material) in demo::materials().iter().enumerate() {
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

/// One photo of a material.
struct Shot {
    /// Folder below the material's folder.
    place: String,
    /// Number in its folder.
    number: u32,
    /// Index of its defect among the material's defects. None for a good photo.
    defect: Option<usize>,
}

impl Shot {
    fn is_sample(&self) -> bool {
        self.place.starts_with("test") && if self.defect.is_some() { self.number == 0 } else { self.number < 3 }
    }
}

fn shots(args: &Args, material: &DemoMaterial) -> Vec<Shot> {
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

fn make_folder(path: &Path) -> Result<(), DemoSetError> {
    fs::create_dir_all(path).map_err(|source| DemoSetError::Folder { path: path.to_owned(), source })
}

fn save(photo: &RgbImage, path: &Path) -> Result<(), DemoSetError> {
    photo.save(path).map_err(|source| DemoSetError::Image { path: path.to_owned(), source })
}

fn save_mask(mask: &GrayImage, path: &Path) -> Result<(), DemoSetError> {
    mask.save(path).map_err(|source| DemoSetError::Image { path: path.to_owned(), source })
}

/// Writes a JPEG of at most 40 kB, in the best quality that fits.
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
