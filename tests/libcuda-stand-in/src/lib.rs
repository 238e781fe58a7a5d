//! Stands in for `libcuda.so`, NVIDIA's driver library, where there is no GPU.
//!
//! It exists so that a test can run the ordinary program with `--device cuda` and the real NVRTC (`tests/cuda.mjs`):
//! CubeCL generates every kernel of a training and of a scoring, NVRTC compiles it for the architecture that this library
//! claims, and this library loads it and holds its launches against the limits that a driver has.
//!
//! What it does not do: run a kernel. Device memory is the host's, and only copies change it; whatever the host reads of it
//! is 64.0, which is what `native-train`'s trial computation comes to and keeps losses and distances finite. Results
//! mean nothing. It has the functions that CubeCL calls here and no others.
//!
//! The same file, under NVRTC's name, hands everything on to the library that `CUDA_STAND_IN_NVRTC` names, and listens.
//! `CUDA_STAND_IN_CAPABILITY` is the compute capability that is claimed, 80 or 90. `CUDA_STAND_IN_LOG` is the file that
//! lines are added to, their parts separated by tabs: `compiled KERNEL`, `loaded TARGET KERNEL`, `launched KERNEL`,
//! `refused FUNCTION REASON`.
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

/// Writes down why a call is refused, so that the test hears of it whatever the program makes of the status.
fn refuse(function: &str, status: Status, reason: &str) -> Status {
    log::write(&format!("refused\t{function}\t{reason}"));
    status
}

/// Writes `value` where the caller wants it.
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
