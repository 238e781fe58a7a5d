//! `info`: the description of a model file.

use std::path::{Path, PathBuf};

use cse::files::model_file::{self, Header, Kind};
use cse::files::{category_file, extractor_file, state_dict};

use crate::files::{self, FileError};

/// Settings of `info`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Extractor or category file
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
        Kind::Category => {
            let info = files::in_model(&args.file, category_file::read_info(&bytes))?;
            let threshold = &info.threshold;
            println!("name               {}", info.name);
            println!("extractor          {} {}", info.extractor_architecture, info.extractor_id);
            println!("view               {}", info.view);
            println!("method             {}, {} member(s), {} cluster(s)", info.method, info.members, info.clusters);
            println!("score              {} over positions", info.rule.aggregation);
            println!("smoothing          sigma of {:.0} % of a window's side", 100.0 * info.rule.smoothing_sigma);
            println!("threshold          {:.4}", threshold.value);
            println!("false positives    {:.1} % of good photos", 100.0 * threshold.false_positive_rate);
            println!("map scale          {:.4} to {:.4}", info.map_scale.low, info.map_scale.high);
            if let (Some(low), Some(high)) = (threshold.normal_scores.first(), threshold.normal_scores.last()) {
                let n = threshold.normal_scores.len();
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
