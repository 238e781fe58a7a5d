//! The engine that the page's worker drives: one device, one extractor, one texture.

use std::cell::Cell;

use burn::tensor::Device;
use cse::detectors::detector::read;
use cse::files::category_file::CategoryModel;
use cse::files::extractor_file::Extractor;
use cse::files::model_file::{self, Header};
use cse::image::photo::Preview;
use cse::image::view::Region;
use cse::network::features::Features;
use cse::score::GRID;
use cse::scoring::anomaly_map;
use cse::scoring::predictor::{Inspector, WINDOWS_AT_ONCE};
use serde::Serialize;
use wasm_bindgen::prelude::*;

use crate::report::{Failure, Inspection, Milliseconds, PreviewSize, object};
use crate::route::{self, Route};

/// Longer side of the map that is sent to the page: finer than the 14 x 14 cells of one window can tell. A photo of so many
/// windows that they have more cells in a row gets a value for each: between them a defect would not show.
const MAP_SIDE: f32 = 512.0;
/// Longer side of the preview that is sent to the page: as many pixels as a large screen shows.
const PREVIEW_SIDE: u32 = 2048;
/// How far a GPU's first score of a texture may be from the CPU's, as a share of it, or of the threshold where that is more.
const GPU_TOLERANCE: f32 = 1e-2;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(typescript_type = "Route")]
    pub type JsRoute;
    #[wasm_bindgen(typescript_type = "ExtractorInfo")]
    pub type JsExtractorInfo;
    #[wasm_bindgen(typescript_type = "CategoryInfo")]
    pub type JsTextureInfo;
    #[wasm_bindgen(typescript_type = "Inspection")]
    pub type JsInspection;
    #[wasm_bindgen(typescript_type = "Preview")]
    pub type JsPreview;
    #[wasm_bindgen(typescript_type = "\"extractor\" | \"texture\"")]
    pub type JsKind;
    #[wasm_bindgen(js_namespace = performance)]
    fn now() -> f64;
}

/// Models on one device.
struct Loaded {
    device: Device,
    extractor: Option<Extractor>,
    texture: Option<CategoryModel>,
}

/// One device with its models.
#[wasm_bindgen]
pub struct Engine {
    main: Loaded,
    /// The same models on the CPU, against which a GPU's first score is checked; none where the route is the CPU.
    reference: Option<Loaded>,
    checked: Cell<bool>,
}

#[derive(Serialize)]
struct Described<'a, T> {
    #[serde(flatten)]
    header: Header,
    #[serde(flatten)]
    info: &'a T,
}

#[wasm_bindgen(start)]
fn start() {
    console_error_panic_hook::set_once();
}

/// Which kind of model file this is.
#[wasm_bindgen]
pub fn model_kind(bytes: &[u8]) -> Result<JsKind, JsError> {
    Ok(object(&model_file::header(bytes)?.kind)?.unchecked_into())
}

#[wasm_bindgen]
impl Engine {
    /// Opens the device of a route: "cpu" or "webgpu".
    pub async fn create(route: JsRoute) -> Result<Engine, JsError> {
        let route: Route = serde_wasm_bindgen::from_value(route.into()).map_err(|_| Failure::UnknownRoute)?;
        let device = route::open(route).await?;
        let loaded = |device| Loaded { device, extractor: None, texture: None };
        Ok(Self {
            main: loaded(device),
            reference: (route == Route::WebGpu).then(|| loaded(Device::flex())),
            checked: Cell::new(false),
        })
    }

    /// Loads the extractor; a texture that was loaded before is forgotten.
    pub async fn load_extractor(&mut self, bytes: Vec<u8>) -> Result<JsExtractorInfo, JsError> {
        let header = model_file::header(&bytes)?;
        if let Some(reference) = &mut self.reference {
            reference.load_extractor(bytes.clone())?;
        }
        self.main.load_extractor(bytes)?;
        self.checked.set(false);
        let extractor = self.main.extractor.as_ref().ok_or(Failure::NotLoaded("extractor"))?;
        describe(header, &extractor.info)
    }

    /// Loads a texture model made with the loaded extractor.
    pub async fn load_texture(&mut self, bytes: Vec<u8>) -> Result<JsTextureInfo, JsError> {
        if let Some(reference) = &mut self.reference {
            reference.load_texture(&bytes)?;
        }
        self.main.load_texture(&bytes)?;
        self.checked.set(false);
        let texture = self.main.texture.as_ref().ok_or(Failure::NotLoaded("texture model"))?;
        // As a typed array: there may be many.
        let scores = js_sys::Float32Array::from(texture.info.calibration.normal_scores.as_slice());
        let described: JsTextureInfo = describe(model_file::header(&bytes)?, &texture.info.without_lists())?;
        add(&described, "normal_scores", &scores)?;
        Ok(described)
    }

    /// Inspects one encoded image. A GPU's first score of each texture is computed on the CPU too and must agree. An error
    /// whose name is `PhotoError` is the image's own: it fails on every device.
    pub async fn inspect(&self, photo: Vec<u8>) -> Result<JsInspection, JsValue> {
        let reference = match &self.reference {
            Some(reference) if !self.checked.get() => Some(reference.inspector()?),
            _ => None,
        };
        let (report, map, preview) = inspect(&self.main.inspector()?, reference.as_ref(), &photo).await?;
        self.checked.set(true);
        let result = object(&report)?;
        add(&result, "map", &js_sys::Float32Array::from(map.as_slice()))?;
        add(&result, "preview", &js_sys::Uint8ClampedArray::from(preview.rgba.as_slice()))?;
        Ok(result.unchecked_into())
    }

    /// Decodes one encoded image, as `inspect` does, to be shown. The loaded texture's range of values and ignored
    /// region are used, where there is one. An error has the name `PhotoError`.
    pub fn preview(&self, photo: &[u8]) -> Result<JsPreview, JsValue> {
        let reading = self.main.texture.as_ref().map(|texture| texture.info.reading()).unwrap_or_default();
        let photo = reading.decode(photo).map_err(Failure::from)?;
        let preview = photo.preview(PREVIEW_SIDE);
        let (photo_width, photo_height) = photo.pixels.dimensions();
        let size = PreviewSize { width: preview.width, height: preview.height, photo_width, photo_height };
        let result = object(&size)?;
        add(&result, "pixels", &js_sys::Uint8ClampedArray::from(preview.rgba.as_slice()))?;
        Ok(result.unchecked_into())
    }
}

fn add(result: &JsValue, name: &str, value: &JsValue) -> Result<(), JsError> {
    let set = js_sys::Reflect::set(result, &name.into(), value);
    set.map(drop).map_err(|_| JsError::new("the result object could not be completed"))
}

impl Loaded {
    fn load_extractor(&mut self, bytes: Vec<u8>) -> Result<(), Failure> {
        self.extractor = Some(Extractor::load(bytes, &self.device)?);
        self.texture = None;
        Ok(())
    }

    fn load_texture(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let extractor = self.extractor.as_ref().ok_or(Failure::NotLoaded("extractor"))?;
        self.texture = Some(CategoryModel::load(bytes, &extractor.info, &self.device)?);
        Ok(())
    }

    fn inspector(&self) -> Result<Inspector<'_>, Failure> {
        Ok(Inspector {
            extractor: self.extractor.as_ref().ok_or(Failure::NotLoaded("extractor"))?,
            texture: self.texture.as_ref().ok_or(Failure::NotLoaded("texture model"))?,
            device: &self.device,
        })
    }
}

fn describe<T: Serialize, J: JsCast>(header: Header, info: &T) -> Result<J, JsError> {
    Ok(object(&Described { header, info })?.unchecked_into())
}

/// The whole path with the time of each step: the report, and the map. With a `reference` its score must agree.
async fn inspect(
    inspector: &Inspector<'_>,
    reference: Option<&Inspector<'_>>,
    photo: &[u8],
) -> Result<(Inspection, Vec<f32>, Preview), Failure> {
    let mut clock = Clock::start();
    let mut time = Milliseconds::default();
    let traits = inspector.texture.info.photos;
    let photo = inspector.texture.info.reading().decode(photo)?;
    time.decode = clock.lap();
    let windows = inspector.windows(&photo.pixels);
    let inspected = inspector.inspected(&photo);
    let mut comparisons = Vec::with_capacity(windows.count());
    time.preprocess = clock.lap();
    for batch in windows.batches(WINDOWS_AT_ONCE) {
        let input = inspector.input(&batch);
        time.preprocess += clock.lap();
        let features = inspector.extract(input);
        finish(&features).await?;
        time.extractor += clock.lap();
        let read_outs = inspector.read_out(features).await.map_err(gpu)?;
        time.embedder += clock.lap();
        for read_out in &read_outs {
            let own = inspected.get(comparisons.len()).and_then(Option::as_ref);
            comparisons.push(inspector.compare(read_out, own));
        }
        time.score += clock.lap();
    }
    let finding = inspector.join(&windows, &comparisons)?;
    let (width, height) = photo.pixels.dimensions();
    let longer = |region: &Region| if width > height { region.width } else { region.height };
    let cells = windows.regions().iter().map(|region| GRID as f32 / longer(region)).fold(MAP_SIDE, f32::max);
    let scale = (cells / width.max(height) as f32).min(1.0);
    let size = [width, height].map(|side| ((side as f32 * scale).round() as usize).max(1));
    let map = anomaly_map::spread(&finding.patches, (size[0], size[1]));
    time.map = clock.lap();
    time.total = time.decode + time.preprocess + time.extractor + time.embedder + time.score + time.map;
    if let Some(reference) = reference {
        // The first windows are enough to tell, and a large photo has hundreds.
        let first = windows.first(WINDOWS_AT_ONCE);
        let gpu = inspector.join(&first, &comparisons[..first.count()])?.score;
        let cpu = reference.find(&first, &inspected).await?.score;
        // Written so that NaN fails too.
        let threshold = reference.texture.info.calibration.threshold;
        let agree = (gpu - cpu).abs() <= GPU_TOLERANCE * cpu.abs().max(threshold.abs());
        if !agree {
            return Err(Failure::WrongGpu { gpu, cpu });
        }
    }
    let preview = photo.preview(PREVIEW_SIDE);
    let report = Inspection {
        width,
        height,
        score: finding.score,
        notes: traits.differences(&photo.facts).iter().map(ToString::to_string).collect(),
        map_width: size[0],
        map_height: size[1],
        preview_width: preview.width,
        preview_height: preview.height,
        milliseconds: time,
    };
    Ok((report, map, preview))
}

/// Waits until the device has computed `features`, so that the time is the extractor's: reading one value is enough.
async fn finish(features: &Features) -> Result<(), Failure> {
    read(features.f2.clone().slice([0..1, 0..1, 0..1, 0..1])).await.map_err(gpu)?;
    Ok(())
}

fn gpu(error: impl std::fmt::Display) -> Failure {
    Failure::Gpu(error.to_string())
}

/// Time between calls, milliseconds.
struct Clock(f64);

impl Clock {
    fn start() -> Self {
        Self(now())
    }

    fn lap(&mut self) -> f64 {
        let before = std::mem::replace(&mut self.0, now());
        self.0 - before
    }
}
