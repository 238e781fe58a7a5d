//! Engine that the page's worker drives: one device, one extractor, one category model.

use std::cell::Cell;

use burn::tensor::Device;
use cse::files::category_file::{self, CategoryModel};
use cse::files::extractor_file::{self, Extractor};
use cse::files::model_file::{self, FORMAT_VERSION, Kind, ModelFileError};
use cse::files::state_dict;
use cse::image::photo;
use cse::published;
use cse::scoring::anomaly_map;
use cse::scoring::gpu_check;
use cse::scoring::prediction::PredictError;
use cse::scoring::predictor::{Predictor, Step};
use cse::scoring::verdict::Unlikeness;
use js_sys::{Float32Array, Uint8Array, Uint8ClampedArray};
use sha2::{Digest, Sha256};
use tsify::{Ts, Tsify};
use wasm_bindgen::prelude::*;

use crate::clock::Clock;
use crate::failure::Failure;
use crate::report::{CategoryInfo, ExtractorInfo, Inspection, Milliseconds, ModelFile, Preview};
use crate::route::{self, Route};

/// Longer side of the map that the page gets. It is finer than the positions of one window.
const MAP_SIDE: f32 = 512.0;
/// Longer side of the preview that the page gets, pixels: as many as a large screen shows.
const PREVIEW_SIDE: u32 = 2048;

/// Models on one device.
struct Loaded {
    device: Device,
    extractor: Option<Extractor>,
    category: Option<CategoryModel>,
}

/// One device with its models.
#[wasm_bindgen]
pub struct Engine {
    main: Loaded,
    /// The same models on the CPU, which a GPU's first score is checked against. None where the route is the CPU.
    reference: Option<Loaded>,
    checked: Cell<bool>,
}

/// Kind of a model file, and the extractor that it is or needs. The tensors of our own files are not read.
#[wasm_bindgen]
pub fn model_file(bytes: &[u8]) -> Result<Ts<ModelFile>, JsValue> {
    let describe = || {
        let header = match model_file::header(bytes) {
            Err(_) if is_published(bytes) => return Ok(ModelFile::Weights),
            header => header?,
        };
        Ok::<_, Failure>(match header.kind {
            Kind::Extractor => ModelFile::Extractor { id: extractor_file::read_info(bytes)?.id },
            Kind::Category => {
                let info: category_file::CategoryInfo = model_file::read_info(bytes, Kind::Category)?;
                let extractor_architecture = info.extractor_architecture.to_string();
                ModelFile::Category { extractor_id: info.extractor_id, extractor_architecture }
            }
        })
    };
    Ok(plain(&describe()?)?)
}

/// Tells whether a file holds published weights of an extractor.
fn is_published(bytes: &[u8]) -> bool {
    state_dict::read(bytes).is_ok_and(|(tensors, _)| published::is_known(&tensors))
}

/// SHA-256 of bytes, as hexadecimal digits.
#[wasm_bindgen]
pub fn sha256_of(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Makes an extractor file of published weights, a state dict of timm or torchvision as safetensors. `name` and `sha256` are those
/// of the file that they were published in, which may have another form.
#[wasm_bindgen]
pub fn import_weights(bytes: &[u8], name: &str, sha256: &str) -> Result<Uint8Array, JsValue> {
    let import = || {
        let (tensors, _) = state_dict::read(bytes).map_err(ModelFileError::from)?;
        let provenance = format!("{name}, SHA-256 {sha256}");
        Ok::<_, Failure>(published::import(tensors, provenance, published::is_tensorflow(name))?.bytes)
    };
    Ok(Uint8Array::from(import()?.as_slice()))
}

#[wasm_bindgen]
impl Engine {
    /// Opens the device of a route.
    pub async fn create(route: Ts<Route>) -> Result<Engine, JsValue> {
        let route = route.to_rust().map_err(JsError::from)?;
        let device = route::open(route).await?;
        let loaded = |device| Loaded { device, extractor: None, category: None };
        Ok(Self {
            main: loaded(device),
            reference: (route == Route::Webgpu).then(|| loaded(Device::flex())),
            checked: Cell::new(false),
        })
    }

    /// Loads an extractor. A category model that was loaded before is forgotten.
    pub async fn load_extractor(&mut self, bytes: Vec<u8>) -> Result<Ts<ExtractorInfo>, JsValue> {
        if let Some(reference) = &mut self.reference {
            reference.load_extractor(bytes.clone())?;
        }
        self.main.load_extractor(bytes)?;
        self.checked.set(false);
        Ok(plain(&ExtractorInfo::new(&self.main.extractor()?.info, FORMAT_VERSION))?)
    }

    /// Loads a category model that was trained with the loaded extractor.
    pub async fn load_category(&mut self, bytes: Vec<u8>) -> Result<Ts<CategoryInfo>, JsValue> {
        if let Some(reference) = &mut self.reference {
            reference.load_category(&bytes)?;
        }
        self.main.load_category(&bytes)?;
        self.checked.set(false);
        Ok(plain(&CategoryInfo::new(&self.main.category()?.info, FORMAT_VERSION))?)
    }

    /// Predicts the score and the anomaly map of one encoded photo. A GPU's first score with each category model must agree
    /// with the CPU's. An error with the name `PhotoError` is the photo's own, and comes on every device.
    pub async fn inspect(&self, photo: Vec<u8>) -> Result<Ts<Inspection>, JsValue> {
        Ok(plain(&self.predict(&photo).await?)?)
    }

    /// Decodes one encoded photo to be shown, as `inspect` does. It uses the range of values and the ignored region of the
    /// loaded category model, where there is one. An error has the name `PhotoError`.
    pub fn preview(&self, photo: &[u8]) -> Result<Ts<Preview>, JsValue> {
        let reading = self.main.category.as_ref().map(|category| category.info.reading()).unwrap_or_default();
        Ok(plain(&shown(&reading.decode(photo).map_err(Failure::from)?))?)
    }
}

/// Decodes one encoded photo of a material that is not known. An error has the name `PhotoError`.
#[wasm_bindgen]
pub fn decode_alone(photo: &[u8]) -> Result<Ts<Preview>, JsValue> {
    Ok(plain(&shown(&photo::decode_alone(photo).map_err(Failure::from)?))?)
}

fn shown(photo: &photo::Photo) -> Preview {
    let photo::Preview { width, height, rgba } = photo.preview(PREVIEW_SIDE);
    Preview {
        pixels: Uint8ClampedArray::from(rgba.as_slice()),
        width,
        height,
        photo_width: photo.pixels.width(),
        photo_height: photo.pixels.height(),
    }
}

impl Engine {
    /// The loaded extractor, and its device.
    pub(crate) fn network(&self) -> Result<(&Extractor, &Device), Failure> {
        Ok((self.main.extractor()?, &self.main.device))
    }

    /// Checks that a GPU gives the CPU's score of a photo, with a category file. On the CPU there is nothing to check.
    pub(crate) async fn check_gpu(&self, category: &[u8], photo: &[u8]) -> Result<(), Failure> {
        let Some(reference) = &self.reference else { return Ok(()) };
        let load = |loaded: &Loaded| {
            Ok::<_, Failure>(CategoryModel::load(category, &loaded.extractor()?.info, &loaded.device)?)
        };
        let (own, theirs) = (load(&self.main)?, load(reference)?);
        let photo = own.info.reading().decode(photo)?;
        Ok(gpu_check::check(&self.main.predictor_of(&own)?, &reference.predictor_of(&theirs)?, &photo).await?)
    }

    async fn predict(&self, bytes: &[u8]) -> Result<Inspection, Failure> {
        let predictor = self.main.predictor()?;
        let info = &predictor.category.info;
        let mut clock = Clock::start();
        let photo = info.reading().decode(bytes)?;
        let mut milliseconds = Milliseconds { decode: clock.lap(), ..Milliseconds::default() };
        let mut finished = |step| *part(&mut milliseconds, step) += clock.lap();
        let prediction = predictor.predict_by_steps(&photo, &mut finished).await.map_err(on_device)?;
        let (width, height) = photo.pixels.dimensions();
        let (map_width, map_height) = anomaly_map::size(&prediction.patches, (width, height), MAP_SIDE);
        let map = prediction.map(map_width, map_height);
        milliseconds.map = clock.lap();
        let Milliseconds { decode, preprocess, extractor, embedder, score, map: spread, .. } = milliseconds;
        milliseconds.total = decode + preprocess + extractor + embedder + score + spread;
        if let (Some(reference), false) = (&self.reference, self.checked.get()) {
            gpu_check::check(&predictor, &reference.predictor()?, &photo).await?;
            self.checked.set(true);
        }
        let beyond = if prediction.unlike == Unlikeness::None { None } else { info.beyond(&photo) };
        let preview = photo.preview(PREVIEW_SIDE);
        Ok(Inspection {
            width,
            height,
            score: prediction.score,
            unlike: prediction.unlike.into(),
            peak_x: prediction.peak.x,
            peak_y: prediction.peak.y,
            beyond,
            notes: info.differences(&photo.facts).iter().map(ToString::to_string).collect(),
            map: Float32Array::from(map.as_slice()),
            map_width,
            map_height,
            preview: Uint8ClampedArray::from(preview.rgba.as_slice()),
            preview_width: preview.width,
            preview_height: preview.height,
            milliseconds,
        })
    }
}

/// A result as a plain JavaScript object.
pub(crate) fn plain<T: Tsify>(value: &T) -> Result<Ts<T>, JsError>
where
    T: serde::Serialize,
{
    value.into_ts().map_err(JsError::from)
}

/// Duration of a step among all durations.
fn part(milliseconds: &mut Milliseconds, step: Step) -> &mut f64 {
    match step {
        Step::Preprocess => &mut milliseconds.preprocess,
        Step::Extractor => &mut milliseconds.extractor,
        Step::Embedder => &mut milliseconds.embedder,
        Step::Score => &mut milliseconds.score,
    }
}

/// The device of a page that fails is its GPU.
fn on_device(error: PredictError) -> Failure {
    match error {
        PredictError::Device(problem) => Failure::Gpu(problem),
        other => other.into(),
    }
}

impl Loaded {
    fn load_extractor(&mut self, bytes: Vec<u8>) -> Result<(), Failure> {
        self.extractor = Some(Extractor::load(bytes, &self.device)?);
        self.category = None;
        Ok(())
    }

    fn load_category(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.category = Some(CategoryModel::load(bytes, &self.extractor()?.info, &self.device)?);
        Ok(())
    }

    fn extractor(&self) -> Result<&Extractor, Failure> {
        self.extractor.as_ref().ok_or(Failure::NotLoaded("extractor"))
    }

    fn category(&self) -> Result<&CategoryModel, Failure> {
        self.category.as_ref().ok_or(Failure::NotLoaded("category model"))
    }

    fn predictor(&self) -> Result<Predictor<'_>, Failure> {
        self.predictor_of(self.category()?)
    }

    fn predictor_of<'a>(&'a self, category: &'a CategoryModel) -> Result<Predictor<'a>, Failure> {
        Ok(Predictor { extractor: self.extractor()?, category, device: &self.device })
    }
}
