//! `weights`: how the frozen extractor's ImageNet weights come to the user's machine, and in what form they are kept.
//!
//! [`fetch`] downloads timm's EfficientNet-B3 ([`download`]) and imports it; [`import`] makes an extractor file out of
//! weights that are already here: it reads them ([`state_dict`]), finds out which network they are ([`recognise`]) and
//! gives every tensor the name it has in timm ([`names`]).

mod advice;
pub mod download;
pub mod fetch;
pub mod import;
pub mod names;
pub mod recognise;
pub mod state_dict;
#[cfg(test)]
mod test_server;

use clap::Subcommand;

pub use fetch::cached_extractors;
use fetch::{FetchArgs, FetchError, fetch};
use import::{ImportArgs, ImportError, import};

/// The subcommands of `weights`.
#[derive(Debug, Subcommand)]
pub enum WeightsCommand {
    /// Download EfficientNet-B3's ImageNet weights and make the extractor file that training needs
    Fetch(FetchArgs),
    /// Make an extractor file from EfficientNet weights that are already on this machine
    Import(ImportArgs),
}

/// Why a subcommand of `weights` failed.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// `weights fetch` failed.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// `weights import` failed.
    #[error(transparent)]
    Import(#[from] ImportError),
}

/// Runs a subcommand and prints what it made on standard output.
pub fn run(command: &WeightsCommand) -> Result<(), WeightsError> {
    match command {
        WeightsCommand::Fetch(args) => println!("{}", fetch(args)?),
        WeightsCommand::Import(args) => println!("{}", import(args)?),
    }
    Ok(())
}
