#![allow(dead_code, missing_docs)]
#[path = "../src/pretrain/mod.rs"]
mod pretrain;
#[path = "../src/textures/mod.rs"]
mod textures;
#[path = "../src/weights/mod.rs"]
mod weights;
use clap::Parser;
#[derive(Parser)]
enum Cli {
    Pretrain(pretrain::Args),
}
fn main() {
    let Cli::Pretrain(a) = Cli::parse();
    if let Err(e) = pretrain::run(&a) {
        eprintln!("{e}");
        std::process::exit(1);
    }
}
