//! Which device to compute on: what is asked for, or the best that is really there, and why.

use burn::tensor::{Device, DeviceKind, DeviceType};

/// `--device`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum DeviceChoice {
    /// CUDA if there is one, else the CPU
    #[default]
    Auto,
    /// An NVIDIA GPU (needs a build with `--features cuda`)
    Cuda,
    /// Any GPU with Vulkan, Metal or DirectX 12
    Wgpu,
    /// The processor
    Cpu,
}

/// Why the device that was asked for cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// No CUDA.
    #[cfg(feature = "cuda")]
    #[error("no CUDA device was found: check the NVIDIA driver, or use --device cpu")]
    NoCuda,
    /// CUDA was not built in.
    #[cfg(not(feature = "cuda"))]
    #[error("this program was built without CUDA: build it with `--features cuda`, or use --device cpu")]
    NotBuilt,
    /// No GPU for wgpu.
    #[error("no Vulkan, Metal or DirectX 12 device was found: install the GPU's driver, or use --device cpu")]
    NoWgpu,
}

/// A device and a sentence that says why it is this one.
pub struct Chosen {
    /// Where to compute.
    pub device: Device,
    /// For the reader.
    pub reason: String,
}

/// Opens the device of `choice`, after a look at what is there: an absent device would panic in a worker thread.
pub fn choose(choice: DeviceChoice) -> Result<Chosen, DeviceError> {
    match choice {
        DeviceChoice::Cpu => Ok(cpu("as asked")),
        DeviceChoice::Cuda => cuda().map(|device| Chosen { device, reason: "CUDA, as asked".into() }),
        DeviceChoice::Wgpu => wgpu(),
        DeviceChoice::Auto => Ok(match cuda() {
            Ok(device) => Chosen { device, reason: "CUDA: a device was found".into() },
            Err(error) => cpu(&error.to_string()),
        }),
    }
}

fn cpu(why: &str) -> Chosen {
    Chosen { device: Device::flex(), reason: format!("CPU ({why})") }
}

#[cfg(feature = "cuda")]
fn cuda() -> Result<Device, DeviceError> {
    match Device::enumerate(DeviceType::Cuda).into_vec().into_iter().next() {
        Some(device) => Ok(device),
        None => Err(DeviceError::NoCuda),
    }
}

#[cfg(not(feature = "cuda"))]
fn cuda() -> Result<Device, DeviceError> {
    Err(DeviceError::NotBuilt)
}

fn wgpu() -> Result<Chosen, DeviceError> {
    let devices = Device::enumerate(DeviceType::Wgpu).into_vec();
    if devices.is_empty() {
        return Err(DeviceError::NoWgpu);
    }
    let device = Device::wgpu(DeviceKind::DefaultDevice);
    let name = device.identity().map_or_else(|| "unnamed".into(), |identity| format!("{identity:?}"));
    Ok(Chosen { device, reason: format!("wgpu, as asked: {name}") })
}
