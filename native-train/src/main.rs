//! Command line that trains, evaluates and runs CSE surface inspection models.

mod bench;
mod checkpoints;
mod compare;
mod data;
mod dataset;
mod defects;
mod demo_photos;
mod devices;
mod evaluate;
mod files;
mod heatmap;
mod info;
mod interrupt;
mod knobs;
mod look;
mod metrics;
mod model;
mod models;
mod photos_plot;
mod predict;
mod pretrain;
mod progress;
mod reproduce;
mod surfaces;
mod tables;
mod text_table;
mod train;
mod trained_on;
mod weights;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Finds defects on surfaces after training on good photos alone.
#[derive(Parser)]
#[command(name = "native-train", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check a data set before a training: its layout, its photos and masks, and likely mistakes
    Data(data::Args),
    /// Train a category model from good photos
    Train(Box<train::Args>),
    /// Predict the score and the anomaly map of photos with a model
    Predict(predict::Args),
    /// Evaluate a model on labelled photos
    Eval(evaluate::Args),
    /// Train with several settings and seeds on the same photos, and evaluate each model
    Compare(Box<compare::Args>),
    /// Print what `compare` measured as tables in Markdown
    Tables(tables::Args),
    /// Compute tables of the paper on its data sets, and compare them with the paper's figures
    Reproduce(Box<reproduce::Args>),
    /// Measure how long the methods of the paper's Table 3 take for one photo on this machine
    Bench(bench::Args),
    /// Print the description of a model file
    Info(info::Args),
    /// Get ImageNet weights for the extractor
    #[command(subcommand)]
    Weights(weights::WeightsCommand),
    /// Train an extractor on generated surfaces, without any photo
    #[command(subcommand)]
    Pretrain(pretrain::PretrainCommand),
    /// Make good and defective photos of three generated materials, for the demo models
    DemoPhotos(demo_photos::Args),
    /// Show synthetic defects on your own photos, and how large and strong they are
    Defects(defects::Args),
    /// Show generated surfaces
    Surfaces(surfaces::Args),
}

fn main() -> ExitCode {
    // A reader of the first lines only, such as `head`, ends the program without an error.
    sigpipe::reset();
    let result: Result<(), Box<dyn std::error::Error>> = match Cli::parse().command {
        Command::Data(args) => data::run(&args).map_err(Into::into),
        Command::Train(args) => train::run(&args).map_err(Into::into),
        Command::Predict(args) => match predict::run(&args) {
            Ok(outcome) => return outcome.into(),
            Err(error) => Err(error.into()),
        },
        Command::Eval(args) => evaluate::run(&args).map_err(Into::into),
        Command::Compare(args) => compare::run(&args).map_err(Into::into),
        Command::Tables(args) => tables::run(&args).map_err(Into::into),
        Command::Reproduce(args) => reproduce::run(&args).map_err(Into::into),
        Command::Bench(args) => bench::run(&args).map_err(Into::into),
        Command::Info(args) => info::run(&args).map_err(Into::into),
        Command::Weights(command) => weights::run(&command).map_err(Into::into),
        Command::Pretrain(command) => pretrain::run(&command).map_err(Into::into),
        Command::DemoPhotos(args) => demo_photos::run(&args).map_err(Into::into),
        Command::Defects(args) => defects::run(&args).map_err(Into::into),
        Command::Surfaces(args) => surfaces::run(&args).map_err(Into::into),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
