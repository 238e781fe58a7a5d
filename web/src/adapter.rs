//! Which device a route runs on.

use std::cell::RefCell;

use burn::tensor::Device;
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;

use crate::report::Failure;

/// Where the network is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Route {
    /// wasm with SIMD.
    Cpu,
    /// The browser's GPU interface.
    WebGpu,
}

/// What the page says of the device.
#[derive(Clone, Debug, Serialize)]
pub struct DeviceInfo {
    /// The route that was asked for.
    pub route: Route,
    /// Name for a reader.
    pub name: String,
    /// Whether the "GPU" is a program that runs on the CPU.
    pub software: bool,
}

#[derive(Deserialize)]
struct AdapterInfo {
    name: String,
    software: bool,
}

// The browser names its adapter in an interface that web-sys still marks as unstable. Asked for as Burn asks, so that on a
// machine with two GPUs it is the one that computes.
#[wasm_bindgen(inline_js = r#"
// The same as in the page's routes.ts, which asks before there is a worker.
const software_names = /swiftshader|llvmpipe|lavapipe|softpipe|basic render|\bwarp\b|software/i;

export async function describe_adapter() {
    const adapter = await globalThis.navigator?.gpu?.requestAdapter({ powerPreference: "high-performance" });
    if (!adapter) return undefined;
    const info = adapter.info ?? {};
    const name = [info.description, info.vendor, info.architecture].filter(Boolean);
    const text = info.description || name.join(" ") || "unnamed GPU";
    const software = Boolean(info.isFallbackAdapter ?? adapter.isFallbackAdapter)
        || software_names.test([info.vendor, info.architecture, info.device, info.description].join(" "));
    return { name: text, software };
}
"#)]
extern "C" {
    #[wasm_bindgen(catch)]
    async fn describe_adapter() -> Result<JsValue, JsValue>;
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
pub async fn open(route: Route) -> Result<(Device, DeviceInfo), Failure> {
    match route {
        Route::Cpu => {
            let info = DeviceInfo { route, name: "CPU (wasm SIMD, one thread)".into(), software: false };
            Ok((Device::flex(), info))
        }
        Route::WebGpu => {
            let adapter = describe_adapter().await.unwrap_or(JsValue::UNDEFINED);
            let adapter: AdapterInfo = serde_wasm_bindgen::from_value(adapter).map_err(|_| Failure::NoAdapter)?;
            let device = webgpu().await?;
            Ok((device, DeviceInfo { route, name: adapter.name, software: adapter.software }))
        }
    }
}
