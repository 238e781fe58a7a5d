//! Stand-in for `cubecl-llvm` 0.11.3, whose build script downloads a prebuilt LLVM.
//!
//! `cubecl-cuda` always depends on it. With cubecl's feature `cuda-cpp`, which is on here, it compiles kernels as CUDA C++
//! through NVRTC and never calls it. This crate has the types that `cubecl-cuda` names, and compiling always fails.
//!
//! Delete this folder and the `[patch.crates-io]` entry once `cubecl-cuda` builds without `cubecl-llvm`, or once
//! `cubecl-llvm` builds without a download. Change it together with the pinned version of `cubecl`.

use cubecl_core::environment::backtrace::BackTrace;
use cubecl_core::ir::{attributes::BufferIOAttr, nvidia::SmArch};
use cubecl_core::prelude::KernelDefinition;
use cubecl_core::{CompilationError, Compiler};

use nvptx::ptx_version::PtxVersion;

/// Target that a kernel is compiled for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LlvmTarget {
    /// An NVIDIA GPU.
    #[default]
    Nvptx,
}

/// Options of the compiler, as `cubecl-cuda` sets them. Nothing reads them.
#[derive(Clone, Debug, Default)]
pub struct PlironOptions {
    /// AMDGPU architecture; always `None`.
    pub arch: Option<core::convert::Infallible>,
    /// NVIDIA architecture.
    pub sm_arch: Option<SmArch>,
    /// PTX version the driver loads.
    pub ptx_version: Option<PtxVersion>,
    /// True if scalars are passed in the kernel's parameter block.
    pub grid_constants: bool,
}

/// A compiled PTX module. The stand-in never makes one.
#[derive(Clone, Debug)]
pub struct NvptxModule {
    /// NUL-terminated PTX assembly.
    pub ptx: Vec<core::ffi::c_char>,
    /// Symbol of the kernel's entry point.
    pub entrypoint: String,
    /// Source for logs.
    pub ir: String,
    /// Shared memory of a launch, in bytes.
    pub shared_memory_size: usize,
    /// Access of the kernel to each buffer, in the order of the bindings.
    pub io: Vec<BufferIOAttr>,
}

/// Result of a compilation. The stand-in never makes one.
#[derive(Clone, Debug)]
pub enum PlironArtifact {
    /// Module for an NVIDIA GPU.
    NvptxCode(NvptxModule),
}

impl core::fmt::Display for PlironArtifact {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self::NvptxCode(module) = self;
        f.write_str(&module.ir)
    }
}

/// Compiler that always fails.
#[derive(Clone, Debug, Default)]
pub struct PlironCompiler {
    /// Target.
    pub target: LlvmTarget,
}

impl Compiler for PlironCompiler {
    type Representation = PlironArtifact;
    type CompilationOptions = PlironOptions;

    /// Always [`CompilationError::Generic`].
    fn compile(&mut self, _: KernelDefinition, _: &PlironOptions) -> Result<PlironArtifact, CompilationError> {
        Err(CompilationError::Generic {
            reason: "this program was built without LLVM; build it with cubecl's `cuda-cpp` feature, which compiles \
                     kernels with NVRTC"
                .into(),
            backtrace: BackTrace::capture(),
        })
    }

    fn extension(&self) -> &'static str {
        "ll"
    }

    fn lang_tag(&self) -> &'static str {
        "llvm"
    }
}

/// NVIDIA GPUs.
pub mod nvptx {
    /// PTX versions.
    pub mod ptx_version {
        /// A PTX version. The stand-in knows none.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum PtxVersion {}

        impl PtxVersion {
            /// Newest version that a driver of CUDA `driver` (12.8 is 12080) loads. Always `None`, which leaves the
            /// choice to the compiler.
            pub fn for_driver(_: i32) -> Option<Self> {
                None
            }
        }

        impl core::fmt::Display for PtxVersion {
            fn fmt(&self, _: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match *self {}
            }
        }
    }
}

/// Properties of all GPU targets.
pub mod shared {
    /// Features of a device that the compiler lowers.
    pub mod lowered_features {
        use cubecl_core::ir::DeviceProperties;

        /// A family of GPUs.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum GpuTarget {
            /// NVIDIA.
            Nvptx,
        }

        /// Would limit the features of the device to those of LLVM. It changes nothing, because no kernel goes through
        /// LLVM.
        pub fn restrict_features(_: &mut DeviceProperties, _: GpuTarget) {}
    }
}
