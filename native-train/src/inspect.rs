//! `inspect`: what is in a model file.

use std::path::{Path, PathBuf};

use cse::model_file::{self, Header, Kind};
use cse::{extractor_file, state_dict, texture_file};

use crate::files::{self, FileError};

/// Settings of `inspect`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Extractor or texture file
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// List every tensor
    #[arg(long)]
    pub tensors: bool,
}

/// Prints the description of a model file.
pub fn run(args: &Args) -> Result<(), FileError> {
    let bytes = files::read(&args.file)?;
    let Header { kind, format_version } = files::in_model(&args.file, model_file::header(&bytes))?;
    println!("kind               {kind}, format {format_version}, {} kB", bytes.len() / 1000);
    match kind {
        Kind::Extractor => {
            let info = files::in_model(&args.file, extractor_file::read_info(&bytes))?;
            println!("architecture       {}", info.architecture);
            println!("id                 {}", info.id);
            println!("parameters         {}", info.parameters);
            println!("provenance         {}", info.provenance);
        }
        Kind::Texture => {
            let info = files::in_model(&args.file, texture_file::read_info(&bytes))?;
            let calibration = &info.calibration;
            println!("name               {}", info.name);
            println!("extractor          {} {}", info.extractor_architecture, info.extractor_id);
            println!("view               {:?}", info.view);
            println!("score              {:?} over positions, {} cluster(s)", info.rule.aggregation, info.clusters);
            println!("smoothed over      {:.0} % of a window's side", 100.0 * info.rule.smoothing);
            println!("threshold          {:.4}", calibration.threshold);
            println!("false-alarm rate   {:.1} %", 100.0 * calibration.false_alarm_rate);
            println!("map scale          {:.4} to {:.4}", info.map_scale.low, info.map_scale.high);
            if let (Some(low), Some(high)) = (calibration.normal_scores.first(), calibration.normal_scores.last()) {
                let n = calibration.normal_scores.len();
                println!("normal scores      {n}, from {low:.4} to {high:.4}");
            }
            println!("provenance         {}", info.provenance);
        }
    }
    if args.tensors {
        print_tensors(&args.file, &bytes)?;
    }
    Ok(())
}

fn print_tensors(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let read = state_dict::read(bytes).map_err(model_file::ModelFileError::from);
    for (name, (shape, _)) in files::in_model(path, read)?.0 {
        println!("  {name:48} {shape:?}");
    }
    Ok(())
}
