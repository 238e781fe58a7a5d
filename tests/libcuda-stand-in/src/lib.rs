//! Stand-in for `libcuda.so`, NVIDIA's driver library, for machines without a GPU.
//!
//! A test can run the ordinary program on it with `--device cuda` and the real NVRTC (`tests/cuda.mjs`). CubeCL generates
//! every kernel of a training and of a prediction. NVRTC compiles it for the architecture that this library reports. This
//! library loads it, and checks its launches against the limits of a driver.
//!
//! It runs no kernel. Device memory is the host's memory, and only copies change it. The host always reads 64.0 from it.
//! This is the result of `native-train`'s trial computation, and it keeps losses and distances finite. Results are
//! meaningless. The library has only the functions that CubeCL calls here.
//!
//! Under NVRTC's name, the same file passes every call to the library that `CUDA_STAND_IN_NVRTC` names, and records it.
//! `CUDA_STAND_IN_CAPABILITY` is the compute capability to report, 80 or 90. `CUDA_STAND_IN_LOG` is the log file. Its lines
//! have parts separated by tabs: `compiled KERNEL`, `loaded TARGET KERNEL`, `launched KERNEL`, `refused FUNCTION REASON`.
#![allow(unsafe_code, reason = "a C interface")]
#![allow(non_snake_case, reason = "the names are NVIDIA's")]

mod compiler;
mod device;
mod log;
mod memory;
mod module;

use std::ffi::{CStr, c_char};

/// `CUresult`.
type Status = i32;
const SUCCESS: Status = 0;
const INVALID_VALUE: Status = 1;
const OUT_OF_MEMORY: Status = 2;
const INVALID_IMAGE: Status = 200;
const NOT_FOUND: Status = 500;

fn name(status: Status) -> &'static CStr {
    match status {
        SUCCESS => c"CUDA_SUCCESS",
        INVALID_VALUE => c"CUDA_ERROR_INVALID_VALUE",
        OUT_OF_MEMORY => c"CUDA_ERROR_OUT_OF_MEMORY",
        INVALID_IMAGE => c"CUDA_ERROR_INVALID_IMAGE",
        NOT_FOUND => c"CUDA_ERROR_NOT_FOUND",
        _ => c"an error that the stand-in never gives",
    }
}

/// Logs why a call is refused, so that the test sees it even if the program ignores the status.
fn refuse(function: &str, status: Status, reason: &str) -> Status {
    log::write(&format!("refused\t{function}\t{reason}"));
    status
}

/// Writes `value` to `place`.
///
/// # Safety
///
/// `place` is null or can be written to.
unsafe fn give<T>(function: &str, place: *mut T, value: T) -> Status {
    if place.is_null() {
        return refuse(function, INVALID_VALUE, "nowhere to write to");
    }
    // SAFETY: it is not null, and the caller vouches for the rest.
    unsafe { place.write(value) };
    SUCCESS
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuGetErrorName(status: Status, text: *mut *const c_char) -> Status {
    // SAFETY: the caller vouches for it.
    unsafe { give("cuGetErrorName", text, name(status).as_ptr()) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuGetErrorString(status: Status, text: *mut *const c_char) -> Status {
    // SAFETY: the caller vouches for it.
    unsafe { give("cuGetErrorString", text, name(status).as_ptr()) }
}
