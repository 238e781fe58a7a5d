//! `weights`: makes the extractor file of the frozen extractor from published ImageNet weights.
//!
//! [`mod@fetch`] downloads timm's EfficientNet-B3 ([`download`]) and imports it. [`mod@import`] takes a local file. It reads the
//! tensors ([`state_dict`]), which [`cse::published`] makes into an extractor.

mod advice;
pub mod download;
pub mod fetch;
pub mod import;
pub mod state_dict;
#[cfg(test)]
mod test_server;

use clap::Subcommand;

pub use fetch::cached_extractors;
use fetch::{FetchArgs, FetchError, fetch};
use import::{ImportArgs, ImportError, import};

/// Subcommands of `weights`.
#[derive(Debug, Subcommand)]
pub enum WeightsCommand {
    /// Download EfficientNet-B3's ImageNet weights and make the extractor file that training needs
    Fetch(FetchArgs),
    /// Make an extractor file from published weights that are already on this machine
    Import(ImportArgs),
}

/// Reasons why a subcommand of `weights` failed.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// `weights fetch` failed.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// `weights import` failed.
    #[error(transparent)]
    Import(#[from] ImportError),
}

/// Runs a subcommand and prints its result on standard output.
pub fn run(command: &WeightsCommand) -> Result<(), WeightsError> {
    match command {
        WeightsCommand::Fetch(args) => println!("{}", fetch(args)?),
        WeightsCommand::Import(args) => println!("{}", import(args)?),
    }
    Ok(())
}
