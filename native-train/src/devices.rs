//! Chooses the device to compute on: the one that the user asks for, or the best one that works.

#[cfg(feature = "cuda")]
use std::{
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
    sync::mpsc,
};

#[cfg(feature = "cuda")]
use burn::tensor::Tensor;
use burn::tensor::{Device, DeviceKind, DeviceType};

/// Choice of `--device`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum DeviceChoice {
    /// CUDA if a CUDA device works, else the CPU
    #[default]
    Auto,
    /// An NVIDIA GPU (needs a build with `--features cuda`)
    Cuda,
    /// Any GPU with Vulkan, Metal or DirectX 12
    Wgpu,
    /// CPU
    Cpu,
}

/// Why the device that was asked for cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// There is no CUDA device.
    #[cfg(feature = "cuda")]
    #[error("no CUDA device was found: check the NVIDIA driver, or use --device cpu")]
    NoCuda,
    /// The headers that kernels are compiled with are missing.
    #[cfg(feature = "cuda")]
    #[error(
        "a CUDA device was found, but the CUDA toolkit's headers are missing ({missing}): install the CUDA toolkit (package nvidia-cuda-toolkit on Debian and Ubuntu), or use --device cpu. Set CUDA_PATH if the toolkit is not in /usr/local/cuda"
    )]
    NoHeaders {
        /// File or setting that is missing.
        missing: String,
    },
    /// A kernel cannot be compiled or does not run.
    #[cfg(feature = "cuda")]
    #[error(
        "a CUDA device was found, but a trial computation on it failed ({problem}): install the CUDA toolkit's NVRTC in a version that the NVIDIA driver supports, or use --device cpu. Set LD_LIBRARY_PATH if the loader does not find NVRTC"
    )]
    CudaFails {
        /// First error.
        problem: String,
    },
    /// The program was built without CUDA.
    #[cfg(not(feature = "cuda"))]
    #[error("this program was built without CUDA: build it with `--features cuda`, or use --device cpu")]
    NotBuilt,
    /// There is no GPU for wgpu.
    #[error("no Vulkan, Metal or DirectX 12 device was found: install the GPU's driver, or use --device cpu")]
    NoWgpu,
}

/// Device with the reason why it was chosen.
pub struct Chosen {
    /// Device to compute on.
    pub device: Device,
    /// Reason, as a sentence for the user.
    pub reason: String,
}

/// Opens the device of `choice`. Checks first that it exists, because a missing device would panic in a worker thread.
pub fn choose(choice: DeviceChoice) -> Result<Chosen, DeviceError> {
    match choice {
        DeviceChoice::Cpu => Ok(cpu("as asked")),
        DeviceChoice::Cuda => cuda().map(|device| Chosen { device, reason: "CUDA, as asked".into() }),
        DeviceChoice::Wgpu => wgpu(),
        DeviceChoice::Auto => Ok(match cuda() {
            Ok(device) => Chosen { device, reason: "CUDA: a device was found, and works".into() },
            Err(error) => cpu(&error.to_string()),
        }),
    }
}

/// Tells whether `device` is the CPU.
pub fn is_cpu(device: &Device) -> bool {
    *device == Device::flex()
}

fn cpu(why: &str) -> Chosen {
    Chosen { device: Device::flex(), reason: format!("CPU ({why})") }
}

/// First CUDA device, after a trial computation: a missing compiler or header would panic in a worker thread.
#[cfg(feature = "cuda")]
fn cuda() -> Result<Device, DeviceError> {
    // This asks CUDA alone. Burn's `Device::enumerate` would open every graphics driver too.
    cubecl::Device::cuda(0).map_err(|_| DeviceError::NoCuda)?;
    headers(cubecl::cuda::install::cuda_path().as_deref())?;
    let device = Device::cuda(0);
    trial(&device).map_err(|problem| DeviceError::CudaFails { problem })?;
    Ok(device)
}

/// Checks for the headers of matrix products on tensor cores, in the folder where CubeCL takes them from. They include
/// the headers of 16-bit numbers.
#[cfg(feature = "cuda")]
fn headers(toolkit: Option<&Path>) -> Result<(), DeviceError> {
    let Some(toolkit) = toolkit else {
        return Err(DeviceError::NoHeaders { missing: "no CUDA_PATH and no /usr/local/cuda".into() });
    };
    let wanted =
        [PathBuf::from("mma.h"), Path::new("crt").join("mma.h")].map(|name| toolkit.join("include").join(name));
    match wanted.iter().find(|path| !path.is_file()) {
        Some(path) => Err(DeviceError::NoHeaders { missing: format!("no {}", path.display()) }),
        None => Ok(()),
    }
}

/// Multiplies two matrices. Any failure becomes a sentence, also a panic in a thread of CubeCL.
#[cfg(feature = "cuda")]
fn trial(device: &Device) -> Result<(), String> {
    const SIDE: u8 = 64;
    let (says, said) = mpsc::channel();
    let hook = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        // The receiver lives until the end of this function.
        let _ = says.send(panic.payload_as_str().unwrap_or("a panic").to_owned());
    }));
    let product = panic::catch_unwind(AssertUnwindSafe(|| {
        let ones = Tensor::<2>::ones([usize::from(SIDE); 2], device);
        ones.clone().matmul(ones).try_into_data()
    }));
    panic::set_hook(hook);
    let problem = match product {
        Ok(Ok(product)) if product.iter::<f32>().all(|value| value == f32::from(SIDE)) => return Ok(()),
        Ok(Ok(_)) => "its results are wrong".into(),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "a panic".into(),
    };
    // The first panic is the cause. The error that the caller saw only followed from it.
    let problem = said.try_recv().unwrap_or(problem);
    // After its first lines a compiler's error message prints the whole kernel.
    Err(problem.lines().take(3).map(str::trim).collect::<Vec<_>>().join(" "))
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

#[cfg(all(test, feature = "cuda"))]
mod tests {
    use super::*;

    #[test]
    fn the_trial_passes_or_says_why_not() {
        assert_eq!(trial(&Device::flex()), Ok(()));
        assert!(!trial(&Device::cuda(4242)).expect_err("no machine has as many").is_empty());
    }

    #[test]
    fn missing_headers_are_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let error = headers(Some(folder.path())).expect_err("it is empty").to_string();
        assert!(error.contains("mma.h") && error.contains("install"), "{error}");
        assert!(headers(None).is_err());
        std::fs::create_dir_all(folder.path().join("include/crt")).expect("writable");
        for name in ["include/mma.h", "include/crt/mma.h"] {
            std::fs::write(folder.path().join(name), "").expect("writable");
        }
        assert!(headers(Some(folder.path())).is_ok());
    }
}
