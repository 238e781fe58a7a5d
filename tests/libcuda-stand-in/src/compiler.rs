//! Records the result of each compilation between the program and the real NVRTC.
//!
//! CubeCL 0.11 continues silently without some kernels that do not compile. So the program may succeed even if kernels
//! fail.

use std::collections::BTreeMap;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use crate::{Status, log, refuse};

/// `nvrtcProgram`.
type Program = *mut c_void;

/// `RTLD_NOW`.
const NOW: c_int = 2;

unsafe extern "C" {
    fn dlopen(path: *const c_char, mode: c_int) -> *mut c_void;
    fn dlsym(library: *mut c_void, name: *const c_char) -> *mut c_void;
}

/// Function of the NVRTC that `CUDA_STAND_IN_NVRTC` names. The program ends if it is missing.
fn real(name: &CStr) -> *mut c_void {
    static LIBRARY: OnceLock<usize> = OnceLock::new();
    let library = *LIBRARY.get_or_init(|| {
        let path = std::env::var("CUDA_STAND_IN_NVRTC").ok().and_then(|path| CString::new(path).ok());
        // SAFETY: the path is a C string, and NVRTC may be loaded at any time.
        path.map_or(0, |path| unsafe { dlopen(path.as_ptr(), NOW) } as usize)
    });
    assert!(library != 0, "CUDA_STAND_IN_NVRTC names no library that can be loaded");
    // SAFETY: the library was loaded and stays so.
    let function = unsafe { dlsym(library as *mut c_void, name.as_ptr()) };
    assert!(!function.is_null(), "NVRTC has no function {name:?}");
    function
}

/// Defines functions that call the real ones, `exported` for the program or under another name.
macro_rules! forward {
    ($(#[$attribute:meta])* $name:ident $real:literal ($($argument:ident: $kind:ty),*) $(-> $result:ty)?) => {
        $(#[$attribute])*
        unsafe extern "C" fn $name($($argument: $kind),*) $(-> $result)? {
            // SAFETY: the real function has this type, and the caller vouches for the arguments.
            unsafe {
                let function: unsafe extern "C" fn($($kind),*) $(-> $result)? = std::mem::transmute(real($real));
                function($($argument),*)
            }
        }
    };
}

forward!(create c"nvrtcCreateProgram" (
    program: *mut Program, source: *const c_char, name: *const c_char,
    count: c_int, headers: *const *const c_char, names: *const *const c_char
) -> Status);
forward!(compile c"nvrtcCompileProgram" (program: Program, count: c_int, options: *const *const c_char) -> Status);
forward!(#[unsafe(no_mangle)] nvrtcGetProgramLogSize c"nvrtcGetProgramLogSize" (
    program: Program, size: *mut usize
) -> Status);
forward!(#[unsafe(no_mangle)] nvrtcGetProgramLog c"nvrtcGetProgramLog" (
    program: Program, text: *mut c_char
) -> Status);
forward!(#[unsafe(no_mangle)] nvrtcGetPTXSize c"nvrtcGetPTXSize" (program: Program, size: *mut usize) -> Status);
forward!(#[unsafe(no_mangle)] nvrtcGetPTX c"nvrtcGetPTX" (program: Program, text: *mut c_char) -> Status);
forward!(#[unsafe(no_mangle)] nvrtcGetErrorString c"nvrtcGetErrorString" (status: Status) -> *const c_char);

/// The kernel of each program.
fn kernels() -> MutexGuard<'static, BTreeMap<usize, String>> {
    static KERNELS: Mutex<BTreeMap<usize, String>> = Mutex::new(BTreeMap::new());
    KERNELS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// `NAME` in `__global__ void __launch_bounds__(256) NAME(`.
fn kernel(source: &str) -> Option<&str> {
    let declaration = source.split_once("__global__")?.1;
    let mut words = declaration.split('(').filter_map(|part| part.split_whitespace().next_back());
    words.find(|word| !word.starts_with("__"))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvrtcCreateProgram(
    program: *mut Program,
    source: *const c_char,
    name: *const c_char,
    count: c_int,
    headers: *const *const c_char,
    names: *const *const c_char,
) -> Status {
    // SAFETY: the caller vouches for the arguments; `program` is written to where the status is 0.
    unsafe {
        let status = create(program, source, name, count, headers, names);
        if status == 0 {
            let source = CStr::from_ptr(source).to_string_lossy();
            kernels().insert(*program as usize, kernel(&source).unwrap_or("a kernel without a name").to_owned());
        }
        status
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvrtcCompileProgram(program: Program, count: c_int, options: *const *const c_char) -> Status {
    // SAFETY: the caller vouches for the arguments.
    let status = unsafe { compile(program, count, options) };
    let kernel = kernels().get(&(program as usize)).cloned().unwrap_or_default();
    if status == 0 {
        log::write(&format!("compiled\t{kernel}"));
        return status;
    }
    // SAFETY: the program is still valid.
    let complaint = unsafe { complaint(program) };
    refuse("nvrtcCompileProgram", status, &format!("{kernel}: {complaint}"))
}

/// First errors in the log of a program.
///
/// # Safety
///
/// `program` must be valid.
unsafe fn complaint(program: Program) -> String {
    let mut size = 0;
    // SAFETY: the caller vouches for the program, and the text gets the size that was asked for.
    let text = unsafe {
        nvrtcGetProgramLogSize(program, &raw mut size);
        let mut text = vec![0u8; size.max(1)];
        nvrtcGetProgramLog(program, text.as_mut_ptr().cast());
        text
    };
    let text = String::from_utf8_lossy(&text);
    text.lines().filter(|line| line.contains("error")).take(3).collect::<Vec<_>>().join(" ")
}
