//! Initial weights of a seed.

use burn::module::Module;
use burn::tensor::Device;

use crate::random::turn_to_draw;

/// A module with the initial weights of a seed, on `device`, which keeps gradients. The CPU draws the weights, so that
/// a seed means the same on every device.
pub fn initial<M: Module>(seed: u64, device: &Device, init: impl FnOnce(&Device) -> M) -> M {
    let (_turn, cpu) = (turn_to_draw(), Device::flex());
    cpu.seed(seed);
    // Burn draws weights at their first use. `valid` is one, before they move.
    init(&cpu).valid().to_device(device).train()
}
