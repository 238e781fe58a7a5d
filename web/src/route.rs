//! Routes: where the network is computed.

use std::cell::RefCell;

use burn::tensor::Device;
use serde::{Deserialize, Serialize};
use tsify::Tsify;
use wasm_bindgen::prelude::*;

use crate::failure::Failure;

/// Where the network is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Tsify)]
#[serde(rename_all = "lowercase")]
pub enum Route {
    /// wasm with SIMD.
    Cpu,
    /// The browser's GPU interface.
    Webgpu,
}

thread_local! {
    /// Burn opens a GPU once in a worker and keeps it: to open it again is an error.
    static WEBGPU: RefCell<Option<Device>> = const { RefCell::new(None) };
}

async fn webgpu() -> Result<Device, Failure> {
    if let Some(device) = WEBGPU.with_borrow(Clone::clone) {
        return Ok(device);
    }
    let device = Device::wgpu_options().init_async().await.map_err(|error| Failure::Gpu(error.to_string()))?;
    WEBGPU.set(Some(device.clone()));
    Ok(device)
}

/// Opens the device of a route.
pub async fn open(route: Route) -> Result<Device, Failure> {
    match route {
        Route::Cpu => Ok(Device::flex()),
        Route::Webgpu => webgpu().await,
    }
}
