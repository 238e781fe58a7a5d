//! Trains, evaluates and runs CSE surface inspection models: the command line.

mod checkpoints;
mod choices;
mod compare;
mod covered;
mod data;
mod dataset;
mod defects;
mod demo_set;
mod devices;
mod evaluate;
mod files;
mod heatmap;
mod inspect;
mod inspection;
mod interrupt;
mod learnt_from;
mod look;
mod metrics;
mod models;
mod pretrain;
mod progress;
mod reproduce;
mod score;
mod suitable_view;
mod tables;
mod text_table;
mod textures;
mod train;
mod weights;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Finds defects on textures after seeing only good samples.
#[derive(Parser)]
#[command(name = "native-train", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Look at a data set before anything is computed: its layout, its photos and masks, and what may be a mistake
    Data(data::Args),
    /// Learn a texture from photos of good samples
    Train(Box<train::Args>),
    /// Inspect photos with a model
    Score(score::Args),
    /// Measure a model on photos whose truth is known
    Eval(evaluate::Args),
    /// Train in several ways on the same photos, with several seeds, and measure each
    Compare(Box<compare::Args>),
    /// Print what `compare` measured as tables in Markdown
    Tables(tables::Args),
    /// Compute tables of the paper on its data sets, beside the paper's figures
    Reproduce(Box<reproduce::Args>),
    /// Show what is in a model file
    Inspect(inspect::Args),
    /// Get ImageNet weights for the extractor
    #[command(subcommand)]
    Weights(weights::WeightsCommand),
    /// Make an extractor of one's own, without any photo
    #[command(subcommand)]
    Pretrain(pretrain::PretrainCommand),
    /// Make photos of three generated materials, good and defective, for the demo models
    DemoTextures(demo_set::Args),
    /// Show synthetic defects on one's own photos, and how large and strong they are
    Defects(defects::Args),
    /// Show generated surfaces
    Textures(textures::contact_sheet::Args),
}

fn main() -> ExitCode {
    // Whoever reads the first lines alone, such as `head`, ends the program and makes it no error.
    sigpipe::reset();
    let result: Result<(), Box<dyn std::error::Error>> = match Cli::parse().command {
        Command::Data(args) => data::run(&args).map_err(Into::into),
        Command::Train(args) => train::run(&args).map_err(Into::into),
        Command::Score(args) => match score::run(&args) {
            Ok(outcome) => return outcome.into(),
            Err(error) => Err(error.into()),
        },
        Command::Eval(args) => evaluate::run(&args).map_err(Into::into),
        Command::Compare(args) => compare::run(&args).map_err(Into::into),
        Command::Tables(args) => tables::run(&args).map_err(Into::into),
        Command::Reproduce(args) => reproduce::run(&args).map_err(Into::into),
        Command::Inspect(args) => inspect::run(&args).map_err(Into::into),
        Command::Weights(command) => weights::run(&command).map_err(Into::into),
        Command::Pretrain(command) => pretrain::run(&command).map_err(Into::into),
        Command::DemoTextures(args) => demo_set::run(&args).map_err(Into::into),
        Command::Defects(args) => defects::run(&args).map_err(Into::into),
        Command::Textures(args) => textures::contact_sheet::run(&args).map_err(Into::into),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
