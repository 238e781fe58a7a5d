//! Temporary: builds `weights` against the real core.
#[path = "../weights/mod.rs"]
mod weights;
use clap::Parser;
/// x
#[derive(Parser)]
enum Cli {
    /// y
    #[command(subcommand)]
    Weights(weights::WeightsCommand),
}
fn main() {
    #[cfg(feature = "cuda")]
    {
        use burn::tensor::{Device, DeviceType};
        let found = Device::enumerate(DeviceType::Cuda);
        println!("cuda devices: {}", found.len());
        println!("{:?}", found);
        if std::env::var_os("USE_CUDA").is_some() {
            let d = Device::cuda(0);
            let t = burn::tensor::Tensor::<1>::from_floats([1.0, 2.0], &d);
            println!("{:?}", (t.clone() * t).into_data());
        }
    }
    let Cli::Weights(c) = Cli::parse();
    if let Err(e) = weights::run(&c) {
        eprintln!("error: {e}");
        std::process::exit(1)
    }
}
