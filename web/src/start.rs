//! What runs once, when the module is loaded.

use wasm_bindgen::prelude::*;

#[expect(unsafe_code)]
unsafe extern "C" {
    /// Runs the static constructors, thousands of them by way of `inventory`. The linker makes it.
    safe fn __wasm_call_ctors();
}

#[wasm_bindgen(start)]
fn start() {
    // Where no code calls it, the linker puts this call before every export. Each value that crosses the boundary would then
    // go through all constructors, which took a fifth of an inspection on the CPU.
    __wasm_call_ctors();
    console_error_panic_hook::set_once();
}
