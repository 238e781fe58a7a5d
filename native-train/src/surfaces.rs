//! `surfaces`: writes a sheet of samples of every family of generated surfaces.

use std::path::PathBuf;

use image::{RgbImage, imageops};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use surfaces::field::Size;
use surfaces::light::Camera;
use surfaces::material::Family;

use crate::files::{self, FileError};

/// Settings of `surfaces`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// PNG file to write the sheet to
    #[arg(long, value_name = "FILE")]
    pub preview: PathBuf,
    /// Seed of all random choices
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Samples of each family, in one row
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub columns: u32,
    /// Side of a sample, pixels
    #[arg(long, default_value_t = 224, value_parser = clap::value_parser!(u32).range(16..=1024))]
    pub side: u32,
    /// Show every sample through a random camera instead of a good one
    #[arg(long)]
    pub cameras: bool,
    /// Show only the families whose names contain this text, in any case
    #[arg(long, value_parser = kind)]
    pub kind: Option<String>,
}

fn kind(text: &str) -> Result<String, String> {
    if families(text).next().is_some() { Ok(text.to_owned()) } else { Err("no family's name contains it".into()) }
}

/// Families whose names contain `wanted`, each with its number.
fn families(wanted: &str) -> impl Iterator<Item = (usize, &'static Family)> {
    let wanted = wanted.to_lowercase();
    let named = move |family: &Family| format!("{family:?}").to_lowercase().contains(&wanted);
    Family::ALL.iter().enumerate().filter(move |(_, family)| named(family))
}

/// Renders the sheet and writes it.
pub fn run(args: &Args) -> Result<(), FileError> {
    files::check_place(&args.preview)?;
    let families = families(args.kind.as_deref().unwrap_or_default()).collect::<Vec<_>>();
    let cells = families.iter().flat_map(|&family| (0..args.columns).map(move |column| (family, column)));
    let started = std::time::Instant::now();
    let samples = cells
        .collect::<Vec<_>>()
        .into_par_iter()
        .map(|((row, family), column)| {
            // Each sample has a separate random stream, so that the others do not change when a column is added.
            let mut rng = ChaCha8Rng::seed_from_u64(args.seed);
            rng.set_stream(((row as u64) << 32) | u64::from(column));
            let material = family.sample(&mut rng);
            let camera = if args.cameras { Camera::sample(&mut rng) } else { Camera::studio() };
            material.photo(Size::square(args.side), &camera, rng.random())
        })
        .collect::<Vec<_>>();
    let (count, seconds) = (samples.len(), started.elapsed().as_secs_f64());
    println!("rendered    {count} surfaces of {0} x {0}: {1:.0} a second", args.side, count as f64 / seconds);
    const GAP: u32 = 4;
    let pitch = args.side + GAP;
    let rows = families.len() as u32;
    let mut sheet = RgbImage::from_pixel(args.columns * pitch + GAP, rows * pitch + GAP, image::Rgb([24, 24, 24]));
    for (i, sample) in samples.iter().enumerate() {
        let (row, column) = (i as u32 / args.columns, i as u32 % args.columns);
        imageops::replace(&mut sheet, sample, (GAP + column * pitch).into(), (GAP + row * pitch).into());
    }
    files::write_png(&args.preview, &sheet)
}
