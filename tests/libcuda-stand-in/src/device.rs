//! One device with the properties of an A100 or an H100. All its work is always finished.

use std::ffi::{c_char, c_int, c_uint, c_void};
use std::sync::OnceLock;

use crate::{INVALID_VALUE, SUCCESS, Status, give, refuse};

/// Driver version that the stand-in reports: CUDA 13.4, the newest that cudarc 0.19 knows.
const DRIVER_VERSION: c_int = 13_040;
/// Memory of the device, bytes. It is small, because it is the host's memory and CubeCL's pages grow with it.
const MEMORY: usize = 4 << 30;
/// Contexts, streams and events have no state: one address stands for all of them.
static HANDLE: u8 = 0;

/// Threads of a block at most.
pub const MOST_THREADS: c_uint = 1024;
/// Threads of a block along each axis at most.
pub const MOST_BLOCK: [c_uint; 3] = [1024, 1024, 64];
/// Blocks of a grid along each axis at most.
pub const MOST_GRID: [c_uint; 3] = [2_147_483_647, 65_535, 65_535];

/// Compute capability without the dot: 80 or 90.
pub fn capability() -> c_int {
    static CAPABILITY: OnceLock<c_int> = OnceLock::new();
    *CAPABILITY.get_or_init(|| match std::env::var("CUDA_STAND_IN_CAPABILITY").as_deref() {
        Ok("90") => 90,
        _ => 80,
    })
}

/// Dynamic shared memory of a block at most, in bytes.
pub fn most_shared_memory() -> c_int {
    if capability() == 90 { 227 << 10 } else { 163 << 10 }
}

/// Attributes that CubeCL asks for, by the number of `CUdevice_attribute`.
fn attribute(number: c_int) -> Option<c_int> {
    let of = |limits: [c_uint; 3], first: c_int| limits[(number - first) as usize] as c_int;
    Some(match number {
        1 => MOST_THREADS as c_int,
        2..=4 => of(MOST_BLOCK, 2),
        5..=7 => of(MOST_GRID, 5),
        // Threads of a warp.
        10 => 32,
        // Multiprocessors.
        16 => 108 + 24 * c_int::from(capability() == 90),
        75 => capability() / 10,
        76 => capability() % 10,
        97 => most_shared_memory(),
        _ => return None,
    })
}

fn handle() -> *mut c_void {
    (&raw const HANDLE).cast_mut().cast()
}

/// Writes a C string into a buffer of `length` bytes.
///
/// # Safety
///
/// `place` is null or has room for `length` bytes.
unsafe fn give_text(function: &str, place: *mut c_char, length: c_int, text: &str) -> Status {
    if place.is_null() || usize::try_from(length).is_ok_and(|length| length <= text.len()) {
        return refuse(function, INVALID_VALUE, "no room for the text");
    }
    for (index, byte) in text.bytes().chain([0]).enumerate() {
        // SAFETY: the text and the zero after it fit, as checked above.
        unsafe { place.add(index).write(byte as c_char) };
    }
    SUCCESS
}

#[unsafe(no_mangle)]
extern "C" fn cuInit(_flags: c_uint) -> Status {
    SUCCESS
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuDriverGetVersion(version: *mut c_int) -> Status {
    // SAFETY: the caller vouches for it, here and in the functions below.
    unsafe { give("cuDriverGetVersion", version, DRIVER_VERSION) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuDeviceGetCount(count: *mut c_int) -> Status {
    // SAFETY: see above.
    unsafe { give("cuDeviceGetCount", count, 1) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuDeviceGet(device: *mut c_int, ordinal: c_int) -> Status {
    if ordinal != 0 {
        return refuse("cuDeviceGet", INVALID_VALUE, "there is one device only");
    }
    // SAFETY: see above.
    unsafe { give("cuDeviceGet", device, 0) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuDeviceGetAttribute(value: *mut c_int, number: c_int, _device: c_int) -> Status {
    match attribute(number) {
        // SAFETY: see above.
        Some(known) => unsafe { give("cuDeviceGetAttribute", value, known) },
        None => refuse("cuDeviceGetAttribute", INVALID_VALUE, &format!("attribute {number} is not known")),
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuDeviceGetName(name: *mut c_char, length: c_int, _device: c_int) -> Status {
    // SAFETY: see above.
    unsafe { give_text("cuDeviceGetName", name, length, "stand-in without a GPU") }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuDeviceGetPCIBusId(id: *mut c_char, length: c_int, _device: c_int) -> Status {
    // SAFETY: see above.
    unsafe { give_text("cuDeviceGetPCIBusId", id, length, "0000:00:00.0") }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuDeviceTotalMem_v2(bytes: *mut usize, _device: c_int) -> Status {
    // SAFETY: see above.
    unsafe { give("cuDeviceTotalMem_v2", bytes, MEMORY) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuDevicePrimaryCtxRetain(context: *mut *mut c_void, _device: c_int) -> Status {
    // SAFETY: see above.
    unsafe { give("cuDevicePrimaryCtxRetain", context, handle()) }
}

#[unsafe(no_mangle)]
extern "C" fn cuCtxSetCurrent(_context: *mut c_void) -> Status {
    SUCCESS
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuStreamCreate(stream: *mut *mut c_void, _flags: c_uint) -> Status {
    // SAFETY: see above.
    unsafe { give("cuStreamCreate", stream, handle()) }
}

#[unsafe(no_mangle)]
extern "C" fn cuStreamDestroy_v2(_stream: *mut c_void) -> Status {
    SUCCESS
}

#[unsafe(no_mangle)]
extern "C" fn cuStreamSynchronize(_stream: *mut c_void) -> Status {
    SUCCESS
}

#[unsafe(no_mangle)]
extern "C" fn cuStreamWaitEvent(_stream: *mut c_void, _event: *mut c_void, _flags: c_uint) -> Status {
    SUCCESS
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuEventCreate(event: *mut *mut c_void, _flags: c_uint) -> Status {
    // SAFETY: see above.
    unsafe { give("cuEventCreate", event, handle()) }
}

#[unsafe(no_mangle)]
extern "C" fn cuEventDestroy_v2(_event: *mut c_void) -> Status {
    SUCCESS
}

#[unsafe(no_mangle)]
extern "C" fn cuEventRecord(_event: *mut c_void, _stream: *mut c_void) -> Status {
    SUCCESS
}

#[unsafe(no_mangle)]
extern "C" fn cuEventSynchronize(_event: *mut c_void) -> Status {
    SUCCESS
}
