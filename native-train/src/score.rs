//! `score`: photos through a model, a line each.

use std::path::PathBuf;

use serde::Serialize;

use crate::files::{self, FileError};
use crate::heatmap;
use crate::inspection;
use crate::models::{ModelArgs, OpenError};

/// Settings of `score`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The model and where it computes.
    #[command(flatten)]
    pub model: ModelArgs,
    /// Photos to inspect
    #[arg(required = true, value_name = "IMAGE")]
    pub images: Vec<PathBuf>,
    /// Threshold to use instead of the model's
    #[arg(long, value_parser = threshold)]
    pub threshold: Option<f32>,
    /// Folder to write a picture of each photo with its heatmap to
    #[arg(long, value_name = "DIR")]
    pub maps: Option<PathBuf>,
    /// Write JSON lines instead of a table, to a file or, with -, to standard output
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// Why nothing could be scored.
#[derive(Debug, thiserror::Error)]
pub enum ScoreError {
    /// A file.
    #[error(transparent)]
    File(#[from] FileError),
    /// The model, or the device.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Of some photos there is no verdict, or no picture of it.
    #[error("{0} of {1} photos could not be inspected, or their heatmaps not be written")]
    Some(usize, usize),
}

#[derive(Serialize)]
struct Line {
    /// Characters that are none in Unicode are replaced: a verdict must not get lost for its name.
    image: String,
    score: f32,
    threshold: f32,
    defective: bool,
    /// The picture with the heatmap.
    #[serde(skip_serializing_if = "Option::is_none")]
    map: Option<String>,
}

fn threshold(text: &str) -> Result<f32, String> {
    text.parse().ok().filter(|threshold: &f32| threshold.is_finite()).ok_or_else(|| "give a number".into())
}

/// Scores each photo; a photo that cannot be read or gives no score is reported and the others go on, as they do where a
/// heatmap cannot be written.
pub fn run(args: &Args) -> Result<(), ScoreError> {
    let json = args.json.as_deref().filter(|path| path.as_os_str() != "-");
    json.map_or(Ok(()), files::check_place)?;
    let model = args.model.open()?;
    let threshold = args.threshold.unwrap_or(model.texture.info.calibration.threshold);
    let width = args.images.iter().map(|path| path.display().to_string().chars().count()).max().unwrap_or(0);
    let maps = args.maps.as_deref().map(|folder| heatmap::files(folder, &args.images)).transpose()?;
    let mut lines = String::new();
    let mut failed = 0;
    for (index, path) in args.images.iter().enumerate() {
        let photo = match files::read_photo(path, &model.texture.info.reading()) {
            Ok(photo) => photo,
            Err(error) => {
                eprintln!("{error}");
                failed += 1;
                continue;
            }
        };
        let finding = match model.inspect(&photo) {
            Ok(finding) => finding,
            Err(error) => {
                eprintln!("{}: {error}", path.display());
                failed += 1;
                continue;
            }
        };
        let defective = finding.score > threshold;
        let mut picture = maps.as_ref().map(|maps| &maps[index]);
        if let Some(path) = picture {
            let map = inspection::map(&finding, photo.pixels.dimensions());
            if let Err(error) =
                files::write_png(path, &heatmap::overlay(&photo.pixels, &map, model.texture.info.map_scale))
            {
                eprintln!("{error}");
                failed += 1;
                picture = None;
            }
        }
        if args.json.is_some() {
            let named = |path: &PathBuf| path.to_string_lossy().into_owned();
            let (image, map) = (named(path), picture.map(named));
            let line = Line { image, score: finding.score, threshold, defective, map };
            lines.push_str(&serde_json::to_string(&line).unwrap_or_default());
            lines.push('\n');
        } else {
            let verdict = if defective { "DEFECT" } else { "good" };
            println!("{:width$}  {:.4}  (threshold {threshold:.4})  {verdict}", path.display(), finding.score);
        }
    }
    match json {
        Some(path) => files::write_whole(path, lines.as_bytes())?,
        None => print!("{lines}"),
    }
    if failed > 0 { Err(ScoreError::Some(failed, args.images.len())) } else { Ok(()) }
}
