//! `defects`: shows synthetic defects on the user's photos as a sheet of pictures, and prints their size and strength.

use std::path::PathBuf;

use cse::defects::statistics::Statistics;
use cse::defects::{DefectKind, Defective, Generator, Mix, NoKinds};
use cse::training::spec::ViewChoice;
use cse::training::suitable_view::suitable_view;
use image::buffer::ConvertBuffer;
use image::{Rgb, RgbImage, imageops};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::dataset::{self, Dataset, DatasetError, Marks};
use crate::files::{self, FileError};
use crate::knobs::choice;
use crate::text_table::text_table;

/// Most photos that are read, evenly spread over all photos.
const MAX_PHOTOS: usize = 40;
/// Pixels between the pictures of the sheet.
const GAP: u32 = 4;
/// Pixels between two kinds on the sheet.
const KIND_GAP: u32 = 16;
const BACKGROUND: Rgb<u8> = Rgb([24, 24, 24]);
const KIND_BACKGROUND: Rgb<u8> = Rgb([255, 200, 0]);

/// Settings of `defects`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Folder of photos, as for train
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// PNG file to write the sheet to. Each example is a row of image, mask and defective image
    #[arg(long, value_name = "FILE")]
    pub preview: PathBuf,
    /// Generator of the synthetic defects
    #[arg(long, default_value = "default", value_parser = choice::<Generator>())]
    pub generator: Generator,
    /// Kinds of defect to show instead of a generator's, separated by commas
    #[arg(long, value_delimiter = ',', conflicts_with = "generator", value_parser = choice::<DefectKind>())]
    pub kinds: Vec<DefectKind>,
    /// Folder of images that textural defects are cut from, searched with its subfolders. Without it, generated images
    #[arg(long, value_name = "DIR")]
    pub anomaly_source: Option<PathBuf>,
    /// View whose windows the defects are made on
    #[arg(long, default_value = "resize", value_parser = choice::<ViewChoice>())]
    pub view: ViewChoice,
    /// Examples of each kind on the sheet
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=32))]
    pub count: u32,
    /// Defects of each kind that the numbers are means of
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub draws: u32,
    /// Seed of all random choices
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
}

impl Args {
    /// Kinds of defect to show.
    fn mix(&self) -> Mix {
        if self.kinds.is_empty() { Mix::Generator(self.generator) } else { Mix::Kinds(self.kinds.clone()) }
    }
}

/// Why there is no sheet.
#[derive(Debug, thiserror::Error)]
pub enum PreviewError {
    /// The photos cannot be found.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// There is no kind of defect to show.
    #[error(transparent)]
    Defects(#[from] NoKinds),
    /// The data set has no good photos.
    #[error("{path}: no photos of good samples to make defects on", path = .0.display())]
    NoGoodPhotos(PathBuf),
}

/// Draws the sheet, writes it, and prints the numbers.
pub fn run(args: &Args) -> Result<(), PreviewError> {
    let images = images(args)?;
    let sources = dataset::squashed_below::<PreviewError>(args.anomaly_source.as_deref())?;
    let maker = args.mix().maker(sources)?;
    let shares = maker.shares();
    let kinds: Vec<DefectKind> = shares.iter().map(|&(kind, _)| kind).collect();
    // Every kind is drawn on the same images, so that kinds can be compared.
    let example = |kind, number: u32| {
        let image = &images[number as usize % images.len()];
        (image, maker.make_kind(image, kind, (args.seed << 32).wrapping_add(number.into())))
    };

    let sheet = sheet(&kinds, args.count, images[0].dimensions(), example);
    files::write_png(&args.preview, &sheet)?;
    println!("written     {} ({} x {} pixels)", args.preview.display(), sheet.width(), sheet.height());
    println!("columns     image, mask, defective image");
    println!("numbers     means of {} defects of each kind", args.draws);
    let row = |(index, (kind, share)): (u32, (DefectKind, f64))| {
        let measured: Vec<Statistics> = (0..args.draws)
            .into_par_iter()
            .map(|number| example(kind, number))
            .map(|(image, defective)| Statistics::of(image, &defective))
            .collect();
        let mean = |of: fn(&Statistics) -> f64| measured.iter().map(of).sum::<f64>() / measured.len() as f64;
        [
            kind.to_string(),
            rows_of(index, args.count),
            format!("{:.1} %", 100.0 * share),
            format!("{:.2} %", 100.0 * mean(|one| one.area)),
            format!("{:.1}", mean(|one| one.components as f64)),
            format!("{:.1}", mean(|one| one.change)),
        ]
    };
    let header = ["kind", "rows", "share", "area", "parts", "change (of 255)"];
    println!("\n{}", text_table(header, (0..).zip(shares).map(row), 1));
    Ok(())
}

/// Images to draw the defects on, in random order. There is at least one.
fn images(args: &Args) -> Result<Vec<RgbImage>, PreviewError> {
    let photos = Dataset::open(&args.data, Marks::NonZero)?.train;
    let some: Vec<PathBuf> = photos.iter().step_by(photos.len().div_ceil(MAX_PHOTOS).max(1)).cloned().collect();
    let sizes = some.iter().map(|path| files::photo_size(path)).collect::<Result<Vec<_>, _>>()?;
    let mut images = files::windows(&some, suitable_view(args.view, &sizes).0)?;
    if images.is_empty() {
        return Err(PreviewError::NoGoodPhotos(args.data.clone()));
    }
    images.shuffle(&mut ChaCha8Rng::seed_from_u64(args.seed));
    Ok(images)
}

/// Rows of the sheet that show the kind with number `index`, counted from 1.
fn rows_of(index: u32, count: u32) -> String {
    let (first, last) = (index * count + 1, (index + 1) * count);
    if first == last { first.to_string() } else { format!("{first}-{last}") }
}

/// Draws the sheet: `count` rows of image, mask and defective image of `side` pixels for each kind, with a bar between the
/// kinds.
fn sheet<'a>(
    kinds: &[DefectKind],
    count: u32,
    side: (u32, u32),
    example: impl Fn(DefectKind, u32) -> (&'a RgbImage, Defective),
) -> RgbImage {
    let (across, down) = (side.0 + GAP, side.1 + GAP);
    let group = count * down + GAP + KIND_GAP;
    let (width, height) = (3 * across + GAP, (kinds.len() as u32 * group).saturating_sub(KIND_GAP));
    let mut sheet = RgbImage::from_pixel(width, height, KIND_BACKGROUND);
    for (top, &kind) in (0..).step_by(group as usize).zip(kinds) {
        let background = RgbImage::from_pixel(width, group - KIND_GAP, BACKGROUND);
        imageops::replace(&mut sheet, &background, 0, top.into());
        for number in 0..count {
            let (image, defective) = example(kind, number);
            let mask: RgbImage = defective.mask.convert();
            let y = top + GAP + number * down;
            for (column, picture) in (0..).zip([image, &mask, &defective.image]) {
                imageops::replace(&mut sheet, picture, (GAP + column * across).into(), y.into());
            }
        }
    }
    sheet
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        args: Args,
    }

    fn parse(line: &str) -> Result<Args, clap::Error> {
        Cli::try_parse_from(std::iter::once("defects").chain(line.split_whitespace())).map(|cli| cli.args)
    }

    #[test]
    fn generators_and_kinds_are_read_from_the_command_line() {
        assert_eq!(parse("--data a --preview b").unwrap().generator, Generator::Default);
        for generator in Generator::ALL {
            let args = parse(&format!("--data a --preview b --generator {generator}")).unwrap();
            assert_eq!(args.generator, generator);
        }
        let args = parse("--data a --preview b --kinds stain,patch").unwrap();
        assert_eq!(args.kinds, [DefectKind::Stain, DefectKind::Patch]);
        assert_eq!(args.mix().to_string(), "stain,patch");
        for wrong in ["--kinds dent", "--generator gan", "--kinds spot --generator draem", "--count 0", "--draws 0"] {
            assert!(parse(&format!("--data a --preview b {wrong}")).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_sheet_is_written_and_the_same_again() {
        let folder = tempfile::tempdir().unwrap();
        let good = folder.path().join("good");
        std::fs::create_dir(&good).unwrap();
        for number in 0..3 {
            let photo = RgbImage::from_fn(50, 40, |x, y| Rgb([(x * 5) as u8, (y * 6) as u8, 40 * number]));
            photo.save(good.join(format!("{number}.png"))).unwrap();
        }
        let made = |name: &str, more: &str| {
            let (data, preview) = (folder.path().display(), folder.path().join(name));
            let line = format!("--data {data} --preview {} --count 2 --draws 3 {more}", preview.display());
            run(&parse(&line).unwrap()).unwrap();
            image::open(preview).unwrap().into_rgb8()
        };
        let sheet = made("a.png", "--generator cutpaste");
        assert_eq!(sheet.dimensions(), (3 * 228 + 4, 2 * (2 * 228 + 4) + KIND_GAP));
        assert_eq!(sheet, made("b.png", "--generator cutpaste"));
        assert_ne!(sheet, made("c.png", "--generator cutpaste --seed 1"));
        assert_eq!(made("d.png", "--kinds spot").height(), 2 * 228 + 4);
    }

    #[test]
    fn a_folder_without_good_photos_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let args = parse(&format!("--data {} --preview sheet.png", folder.path().display())).unwrap();
        assert!(matches!(run(&args), Err(PreviewError::Dataset(DatasetError::Empty { .. }))));
    }

    #[test]
    fn rows_are_counted_from_one() {
        assert_eq!([rows_of(0, 4), rows_of(2, 4), rows_of(2, 1)], ["1-4", "9-12", "3"]);
    }
}
