//! Device memory and pinned memory, both in the host's memory, and copies between them with checked bounds.

use std::alloc::{self, Layout};
use std::collections::BTreeMap;
use std::ffi::c_void;
use std::ptr;
use std::slice;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::{INVALID_VALUE, OUT_OF_MEMORY, SUCCESS, Status, give, refuse};

/// Value that every read of device memory gives, as the crate's description says.
const FILL: f32 = 64.0;
/// Alignment of allocations, bytes: as large as that of a driver.
const ALIGNMENT: usize = 512;

/// Address and layout of everything that is allocated.
static ALLOCATED: Mutex<BTreeMap<usize, Layout>> = Mutex::new(BTreeMap::new());

fn allocated() -> MutexGuard<'static, BTreeMap<usize, Layout>> {
    ALLOCATED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tells whether `size` bytes from `address` lie within one allocation.
pub fn holds(address: usize, size: usize) -> bool {
    let end = address.checked_add(size);
    let before = allocated().range(..=address).next_back().map(|(start, layout)| start + layout.size());
    matches!((end, before), (Some(end), Some(limit)) if end <= limit)
}

fn allocate(function: &str, size: usize) -> Result<usize, Status> {
    let refused = || refuse(function, OUT_OF_MEMORY, &format!("{size} bytes cannot be had"));
    let whole = size.max(1).checked_next_multiple_of(ALIGNMENT).ok_or_else(refused)?;
    let layout = Layout::from_size_align(whole, ALIGNMENT).map_err(|_| refused())?;
    // SAFETY: the size is not zero.
    let start = unsafe { alloc::alloc_zeroed(layout) };
    if start.is_null() {
        return Err(refused());
    }
    allocated().insert(start as usize, layout);
    Ok(start as usize)
}

fn free(function: &str, address: usize) -> Status {
    match allocated().remove(&address) {
        Some(layout) => {
            // SAFETY: it was allocated with this layout, and is no longer in the table.
            unsafe { alloc::dealloc(address as *mut u8, layout) };
            SUCCESS
        }
        None => refuse(function, INVALID_VALUE, "this memory was never allocated"),
    }
}

/// Fails if `size` bytes from one of the addresses `device` are not within one allocation.
fn check(function: &str, device: &[usize], size: usize) -> Result<(), Status> {
    let beyond = || refuse(function, INVALID_VALUE, &format!("{size} bytes reach beyond an allocation"));
    device.iter().all(|address| holds(*address, size)).then_some(()).ok_or_else(beyond)
}

/// Copies `size` bytes. `device` are the addresses that must lie in our allocations.
///
/// # Safety
///
/// Addresses of the host must be good for `size` bytes.
unsafe fn copy(function: &str, from: usize, to: usize, size: usize, device: &[usize]) -> Status {
    if let Err(status) = check(function, device, size) {
        return status;
    }
    // SAFETY: both sides were checked, or the caller vouches for them.
    unsafe { ptr::copy(from as *const u8, to as *mut u8, size) };
    SUCCESS
}

/// Reads `size` bytes of the device at `from`, as a fixed value. The results of kernels are unknown. Older bytes, such as
/// the indices of an earlier launch, could be NaN when read as floats.
///
/// # Safety
///
/// `to` must be good for `size` bytes.
unsafe fn read(function: &str, from: usize, to: usize, size: usize) -> Status {
    if let Err(status) = check(function, &[from], size) {
        return status;
    }
    if size == 0 {
        return SUCCESS;
    }
    // SAFETY: the caller vouches for it.
    let host = unsafe { slice::from_raw_parts_mut(to as *mut u8, size) };
    host.chunks_mut(size_of::<f32>()).for_each(|value| value.copy_from_slice(&FILL.to_le_bytes()[..value.len()]));
    SUCCESS
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuMemAlloc_v2(address: *mut u64, size: usize) -> Status {
    match allocate("cuMemAlloc_v2", size) {
        // SAFETY: the caller vouches for it, here and in the functions below.
        Ok(start) => unsafe { give("cuMemAlloc_v2", address, start as u64) },
        Err(status) => status,
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuMemAllocAsync(address: *mut u64, size: usize, _stream: *mut c_void) -> Status {
    // SAFETY: see above.
    unsafe { cuMemAlloc_v2(address, size) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuMemAllocHost_v2(address: *mut *mut c_void, size: usize) -> Status {
    match allocate("cuMemAllocHost_v2", size) {
        // SAFETY: see above.
        Ok(start) => unsafe { give("cuMemAllocHost_v2", address, start as *mut c_void) },
        Err(status) => status,
    }
}

#[unsafe(no_mangle)]
extern "C" fn cuMemFree_v2(address: u64) -> Status {
    free("cuMemFree_v2", address as usize)
}

#[unsafe(no_mangle)]
extern "C" fn cuMemFreeAsync(address: u64, _stream: *mut c_void) -> Status {
    free("cuMemFreeAsync", address as usize)
}

#[unsafe(no_mangle)]
extern "C" fn cuMemFreeHost(address: *mut c_void) -> Status {
    free("cuMemFreeHost", address as usize)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuMemcpyHtoDAsync_v2(to: u64, from: *const c_void, size: usize, _stream: *mut c_void) -> Status {
    // SAFETY: see above.
    unsafe { copy("cuMemcpyHtoDAsync_v2", from as usize, to as usize, size, &[to as usize]) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuMemcpyDtoHAsync_v2(to: *mut c_void, from: u64, size: usize, _stream: *mut c_void) -> Status {
    // SAFETY: see above.
    unsafe { read("cuMemcpyDtoHAsync_v2", from as usize, to as usize, size) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuMemcpyDtoDAsync_v2(to: u64, from: u64, size: usize, _stream: *mut c_void) -> Status {
    let (to, from) = (to as usize, from as usize);
    // SAFETY: see above.
    unsafe { copy("cuMemcpyDtoDAsync_v2", from, to, size, &[from, to]) }
}

/// One side of `CUDA_MEMCPY2D`.
#[repr(C)]
struct Side {
    x_in_bytes: usize,
    y: usize,
    /// `CUmemorytype`: 1 is the host, 2 the device.
    kind: u32,
    host: *mut c_void,
    device: u64,
    array: *mut c_void,
    pitch: usize,
}

/// `CUDA_MEMCPY2D`.
#[repr(C)]
struct Rectangle {
    from: Side,
    to: Side,
    width_in_bytes: usize,
    height: usize,
}

impl Side {
    /// Address of a row, and true if it is on the device.
    fn row(&self, row: usize) -> (usize, bool) {
        let device = self.kind == 2;
        let start = if device { self.device as usize } else { self.host as usize };
        (start + (self.y + row) * self.pitch + self.x_in_bytes, device)
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuMemcpy2DAsync_v2(rectangle: *const Rectangle, _stream: *mut c_void) -> Status {
    // SAFETY: see above.
    let Some(rectangle) = (unsafe { rectangle.as_ref() }) else {
        return refuse("cuMemcpy2DAsync_v2", INVALID_VALUE, "nothing to copy");
    };
    for row in 0..rectangle.height {
        let (from, to) = (rectangle.from.row(row), rectangle.to.row(row));
        let (function, width) = ("cuMemcpy2DAsync_v2", rectangle.width_in_bytes);
        // SAFETY: see above.
        let status = unsafe {
            match (from, to) {
                ((from, true), (to, false)) => read(function, from, to, width),
                ((from, true), (to, true)) => copy(function, from, to, width, &[from, to]),
                ((from, false), (to, true)) => copy(function, from, to, width, &[to]),
                ((from, false), (to, false)) => copy(function, from, to, width, &[]),
            }
        };
        if status != SUCCESS {
            return status;
        }
    }
    SUCCESS
}
