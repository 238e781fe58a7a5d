use burn::tensor::{Device, Distribution, Tensor};
use cse::efficientnet::*;
use std::time::Instant;
fn main() {
    let side: usize = std::env::args().nth(1).and_then(|s| s.parse().ok()).unwrap_or(128);
    let n: usize = std::env::args().nth(2).and_then(|s| s.parse().ok()).unwrap_or(8);
    let plain = Device::flex();
    for norm in [Normalisation::Folded, Normalisation::BatchNorm] {
        let cfg = EfficientNetConfig { architecture: Architecture::B0, normalisation: norm };
        let net = cfg.init(&plain);
        let x = Tensor::<4>::random([n, 3, side, side], Distribution::Normal(0.0, 1.0), &plain);
        let t = Instant::now();
        let f = net.forward(x.clone());
        let s = f.f2.sum().into_data();
        println!("{norm:?} eval fwd {:?} {s}", t.elapsed());
        let ad = Device::flex().autodiff();
        let net = cfg.init(&ad);
        for _ in 0..2 {
            let x = Tensor::<4>::random([n, 3, side, side], Distribution::Normal(0.0, 1.0), &ad);
            let t = Instant::now();
            let f = net.forward(x);
            let loss = f.f1.clone().mul(f.f1).mean() + f.f2.clone().mul(f.f2).mean();
            let s = loss.clone().into_data();
            println!("{norm:?} train fwd {:?} {s}", t.elapsed());
            let t = Instant::now();
            let g = loss.backward();
            println!("bwd {:?}", t.elapsed());
            drop(g);
        }
    }
}
