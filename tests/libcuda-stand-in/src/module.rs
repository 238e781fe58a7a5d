//! Modules of PTX as NVRTC makes them, and launches of their kernels, which are checked and logged.

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::sync::atomic::{AtomicI32, Ordering};

use crate::device::{MOST_BLOCK, MOST_GRID, MOST_THREADS, capability, most_shared_memory};
use crate::{INVALID_IMAGE, INVALID_VALUE, NOT_FOUND, SUCCESS, Status, give, log, memory, refuse};

/// `CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES`.
const DYNAMIC_SHARED_MEMORY: c_int = 8;
/// Dynamic shared memory that a block may have without asking for more, in bytes.
const USUAL_SHARED_MEMORY: c_int = 48 << 10;

/// Module. It is never unloaded, as CubeCL's modules are not.
struct Module {
    kernels: Vec<Kernel>,
}

/// A kernel, as its PTX declares it.
struct Kernel {
    name: String,
    /// For each parameter, true if it is an address.
    addresses: Vec<usize>,
    /// Threads of a block at most.
    threads: c_uint,
    shared_memory: AtomicI32,
}

/// `.target` of PTX.
fn target(ptx: &str) -> Option<&str> {
    Some(ptx.split_once(".target ")?.1.split([',', '\n']).next()?.trim())
}

/// Every `.entry NAME(PARAMETERS) DIRECTIVES {` of PTX.
fn kernels(ptx: &str) -> Vec<Kernel> {
    let kernel = |text: &str| {
        let (name, rest) = text.split_once('(')?;
        let (parameters, rest) = rest.split_once(')')?;
        let directives = rest.split_once('{')?.0;
        let limit = directives.split_once(".maxntid").or(directives.split_once(".reqntid"));
        let sides = limit.map_or("", |(_, sides)| sides.trim_start());
        let sides = sides.split(|c: char| !c.is_ascii_digit() && c != ',' && c != ' ').next().unwrap_or("");
        let threads = sides.split(',').filter_map(|side| side.trim().parse::<c_uint>().ok()).reduce(|a, b| a * b);
        let is_address = |parameter: &str| parameter.contains(".u64") && !parameter.contains('[');
        Some(Kernel {
            name: name.trim().to_owned(),
            addresses: (0..).zip(parameters.split(',')).filter(|(_, text)| is_address(text)).map(|(i, _)| i).collect(),
            threads: threads.unwrap_or(MOST_THREADS),
            shared_memory: AtomicI32::new(USUAL_SHARED_MEMORY),
        })
    };
    ptx.split(".entry ").skip(1).filter_map(kernel).collect()
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuModuleLoadData(module: *mut *const Module, image: *const c_char) -> Status {
    let refused = |reason: &str| refuse("cuModuleLoadData", INVALID_IMAGE, reason);
    if image.is_null() {
        return refused("no image");
    }
    // SAFETY: the caller vouches for it, here and in the functions below.
    let Ok(ptx) = unsafe { CStr::from_ptr(image) }.to_str() else {
        return refused("the image is no PTX");
    };
    let Some(target) = target(ptx) else {
        return refused("the image is no PTX");
    };
    // `sm_90a` adds features to sm_90 that its successors do not have.
    if target.trim_end_matches('a') != format!("sm_{}", capability()) {
        return refused(&format!("the PTX is for {target}"));
    }
    let kernels = kernels(ptx);
    for kernel in &kernels {
        log::write(&format!("loaded\t{target}\t{}", kernel.name));
    }
    // SAFETY: see above.
    unsafe { give("cuModuleLoadData", module, Box::into_raw(Box::new(Module { kernels }))) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuModuleGetFunction(
    function: *mut *const Kernel,
    module: *const Module,
    name: *const c_char,
) -> Status {
    // SAFETY: see above.
    let (module, name) = unsafe { (&*module, CStr::from_ptr(name).to_string_lossy()) };
    match module.kernels.iter().find(|kernel| kernel.name == name) {
        // SAFETY: see above.
        Some(kernel) => unsafe { give("cuModuleGetFunction", function, kernel) },
        None => refuse("cuModuleGetFunction", NOT_FOUND, &format!("the module has no kernel {name}")),
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuFuncSetAttribute(kernel: *const Kernel, attribute: c_int, value: c_int) -> Status {
    // SAFETY: see above.
    let kernel = unsafe { &*kernel };
    if attribute != DYNAMIC_SHARED_MEMORY || !(0..=most_shared_memory()).contains(&value) {
        let reason = format!("{}: attribute {attribute} cannot be {value}", kernel.name);
        return refuse("cuFuncSetAttribute", INVALID_VALUE, &reason);
    }
    kernel.shared_memory.store(value, Ordering::Relaxed);
    SUCCESS
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuLaunchKernel(
    kernel: *const Kernel,
    grid_x: c_uint,
    grid_y: c_uint,
    grid_z: c_uint,
    block_x: c_uint,
    block_y: c_uint,
    block_z: c_uint,
    shared_memory: c_uint,
    _stream: *mut c_void,
    parameters: *const *const u64,
    _extra: *mut *mut c_void,
) -> Status {
    // SAFETY: see above.
    let kernel = unsafe { &*kernel };
    let refused = |reason: String| refuse("cuLaunchKernel", INVALID_VALUE, &format!("{}: {reason}", kernel.name));
    let within = |sizes: [c_uint; 3], limits: [c_uint; 3]| {
        sizes.iter().zip(limits).all(|(size, limit)| (1..=limit).contains(size))
    };
    let (grid, block) = ([grid_x, grid_y, grid_z], [block_x, block_y, block_z]);
    if !within(grid, MOST_GRID) || !within(block, MOST_BLOCK) || block.iter().product::<c_uint>() > kernel.threads {
        return refused(format!("a grid of {grid:?} blocks of {block:?} threads, at most {}", kernel.threads));
    }
    if i64::from(shared_memory) > i64::from(kernel.shared_memory.load(Ordering::Relaxed)) {
        return refused(format!("{shared_memory} bytes of shared memory"));
    }
    for index in &kernel.addresses {
        // SAFETY: the kernel has a parameter of this index, which is an address.
        let address = unsafe { **parameters.add(*index) };
        // Empty tensors have the address 0.
        if address != 0 && !memory::holds(address as usize, 1) {
            return refused(format!("parameter {index} is no memory of the device"));
        }
    }
    log::write(&format!("launched\t{}", kernel.name));
    SUCCESS
}
