//! Teaching: the training of a new material in the browser, from a visitor's good photos.
//!
//! A plain statistic of the good photos is a usable model within seconds. If the method is trained, `cse::training` follows,
//! with the same code and settings as the command line. Its synthetic defects are shared between workers.

mod defect_task;
mod host;
mod member_task;

use burn::tensor::Device;
use cse::defects::DefectMaker;
use cse::detectors::method::Method;
use cse::files::category_file;
use cse::files::extractor_file::Extractor;
use cse::image::measures::{Measures, Ranges};
use cse::image::photo::{self, Facts, Reading, Traits};
use cse::image::view::View;
use cse::network::backbone::Backbone;
use cse::network::grid::Grid;
use cse::training::drawing::{Drawing, Recipe, Window, one_by_one};
use cse::training::feature_store::Layout;
use cse::training::held_out::Reviewed;
use cse::training::member::{Event, TrainedEmbedder, Validation};
use cse::training::model::CategoryFacts;
use cse::training::session::{Division, Session};
use cse::training::spec::{Preset, TrainSpec};
use cse::training::suitable_view::suitable_view;
use cse::training::training_set::{TrainingSet, extract, extract_images};
use js_sys::{Uint8Array, Uint8ClampedArray};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tsify::{Ts, Tsify};
use wasm_bindgen::prelude::*;

use crate::engine::{Engine, plain};
use crate::failure::Failure;
use defect_task::{DefectTask, DrawnDefects};
use host::{NewsHost, TeachingHost, TeachingNews};
use member_task::MemberTask;

/// Defects of a task: half a second of work, so that workers end at about the same time.
const DEFECTS_IN_TASK: u64 = 8;
/// Tasks that are handed out at once. Their features take 40 MB.
const TASKS_AT_ONCE: usize = 64;

/// A material to be taught.
#[derive(Clone, Debug, Serialize, Deserialize, Tsify)]
pub struct Lesson {
    /// Name of the material.
    pub name: String,
    /// Number of good photos.
    pub photos: usize,
    /// Names and values of settings, as on the command line and without its dashes.
    pub settings: Vec<(String, String)>,
}

#[wasm_bindgen]
impl Engine {
    /// Trains a category model on good photos with the loaded extractor, and gives its file. If the method
    /// is trained, `host` gets a model of a plain statistic first. An error has the name `PhotoError` where the photo that was
    /// read last is to blame.
    pub async fn teach(&self, lesson: Ts<Lesson>, host: TeachingHost) -> Result<Uint8Array, JsValue> {
        let lesson = lesson.to_rust().map_err(JsError::from)?;
        let (extractor, device) = self.network()?;
        let spec = lesson.spec(extractor.info.architecture)?;
        spec.check(extractor.info.architecture).map_err(Failure::from)?;
        let looks = look(&lesson, &host).await?;
        let sizes: Vec<(u32, u32)> = looks.iter().map(|look| (look.facts.width, look.facts.height)).collect();
        let (view, _) = suitable_view(spec.view, &sizes);
        let traits = Traits::of(looks.iter().map(|look| &look.facts));
        let ranges = Ranges::of(&looks.iter().map(|look| look.measures).collect::<Vec<_>>());
        let facts = lesson.facts(view, traits, ranges);
        let reading = Reading { levels: traits.levels, ignored: None };
        let taught = Taught { spec: &spec, extractor, device, facts: &facts, host: &host, lesson: &lesson };
        let (mut set, windows) = taught.photos(Recipe::new(&spec, view, &sizes), &reading).await?;
        if !spec.method.is_trained() {
            let model = taught.fit(&set, &spec, Vec::new()).await?;
            self.check_gpu(&model, &host.read(0).await?).await?;
            return Ok(Uint8Array::from(model.as_slice()));
        }
        let statistic = taught.statistic(&set).await?;
        self.check_gpu(&statistic, &host.read(0).await?).await?;
        host.take(&statistic).await?;
        taught.defects(&mut set, &windows).await?;
        drop(windows);
        let tasks = MemberTask::all(&set, spec.members, &lesson.settings)?;
        let embedders = host.train(&tasks).await?;
        let embedders = embedders.iter().map(|text| serde_json::from_str(text).map_err(Failure::damaged));
        let embedders: Vec<TrainedEmbedder> = embedders.collect::<Result<_, _>>()?;
        Ok(Uint8Array::from(taught.fit(&set, &spec, embedders).await?.as_slice()))
    }

    /// Trains the embedder of a task, and gives it as text.
    pub async fn train_member(&self, task: Ts<MemberTask>, host: NewsHost) -> Result<String, JsValue> {
        let task = task.to_rust().map_err(JsError::from)?;
        let (extractor, device) = self.network()?;
        let (spec, set) = (given(&task.settings)?, task.set(extractor)?);
        let session = Session { spec: &spec, extractor, set: &set, device };
        let division = session.divide().await.map_err(Failure::from)?;
        let member = session.members(&division).nth(task.member as usize);
        let member = member.ok_or_else(|| JsError::new("there is no such embedder"))?;
        let mut training = member.begin().await.map_err(Failure::from)?;
        let (members, of) = (division.folds.len(), training.steps());
        while let Some(event) = training.advance().await.map_err(Failure::from)? {
            host.hear(&TeachingNews::Step { member: task.member, done: training.step(), of, members }).await?;
            if let Event::Validated(Validation { step, validation_loss: validation, .. }) = event {
                host.hear(&TeachingNews::Losses { member: task.member, step, validation }).await?;
            }
        }
        let embedder = training.finish().map_err(Failure::from)?;
        Ok(serde_json::to_string(&embedder).map_err(Failure::damaged)?)
    }

    /// Draws and extracts the defects of a task.
    pub async fn draw_defects(&self, task: Ts<DefectTask>) -> Result<Ts<DrawnDefects>, JsValue> {
        let task = task.to_rust().map_err(JsError::from)?;
        let (extractor, device) = self.network()?;
        let window = task.window().ok_or_else(|| JsError::new("the window of a task is damaged"))?;
        let maker = maker(&given(&task.settings)?)?;
        let drawn = window.defects(&maker, one_by_one);
        let images: Vec<_> = drawn.iter().map(|made| &made.image).collect();
        let layout = layout(extractor, window.image.dimensions());
        let packed = extract_images(&images, layout, extractor, device).await.map_err(Failure::from)?;
        let features: Vec<u8> = packed.into_iter().flat_map(|packed| packed.into_bytes()).collect();
        let shown = images.first().map_or(&window.image, |image| image);
        let rgba: Vec<u8> = shown.pixels().flat_map(|pixel| [pixel[0], pixel[1], pixel[2], u8::MAX]).collect();
        Ok(plain(&DrawnDefects {
            features: Uint8Array::from(features.as_slice()),
            picture: Uint8ClampedArray::from(rgba.as_slice()),
            width: shown.width(),
            height: shown.height(),
        })?)
    }
}

/// Settings of a training in the page: those of the preset `quick`, or of another one that is given.
fn given(settings: &[(String, String)]) -> Result<TrainSpec, Failure> {
    let (preset, others): (Vec<_>, Vec<_>) = settings.iter().partition(|(name, _)| name == "preset");
    let preset = match preset.first() {
        None => Preset::Quick,
        Some((_, name)) => name.parse().map_err(|_| Failure::Preset(name.clone()))?,
    };
    let given: Vec<_> = others.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    Ok(TrainSpec::given(preset, &given)?)
}

fn maker(spec: &TrainSpec) -> Result<DefectMaker, Failure> {
    Ok(spec.defects.maker(Vec::new())?)
}

/// Shapes of the features of a window.
fn layout(extractor: &Extractor, (width, height): (u32, u32)) -> Layout {
    Layout { backbone: extractor.info.architecture, grid: Grid::of_input(width, height) }
}

impl Lesson {
    /// Settings of the training. A visitor who chose a ResNet and no method means a method that works with it.
    fn spec(&self, extractor: Backbone) -> Result<TrainSpec, Failure> {
        let mut settings = self.settings.clone();
        let has_method = settings.iter().any(|(name, _)| name == "method");
        if let (Backbone::ResNet(_), false) = (extractor, has_method) {
            settings.push(("method".into(), Method::Patchcore.to_string()));
        }
        given(&settings)
    }

    fn facts(&self, view: View, photos: Traits, ranges: Ranges) -> CategoryFacts {
        let program = concat!("page ", env!("CARGO_PKG_VERSION")).into();
        CategoryFacts { name: self.name.clone(), view, photos, ranges, ignored: None, program }
    }
}

/// What a first look keeps of a good photo.
struct Look {
    facts: Facts,
    measures: Measures,
}

/// Number of passes over the good photos: a look, and the extraction.
const PASSES: usize = 2;

/// Looks at all good photos: the view, the range of values and the recipe depend on all of them.
async fn look(lesson: &Lesson, host: &TeachingHost) -> Result<Vec<Look>, JsValue> {
    let mut looks = Vec::with_capacity(lesson.photos);
    for index in 0..lesson.photos {
        let photo = photo::decode_alone(&host.read(index).await?).map_err(Failure::from)?;
        looks.push(Look { measures: Measures::of(&photo.pixels), facts: photo.facts });
        host.hear(&TeachingNews::Photos { done: index + 1, of: PASSES * lesson.photos }).await?;
    }
    Ok(looks)
}

/// Everything that the stages of a teaching share.
struct Taught<'a> {
    spec: &'a TrainSpec,
    extractor: &'a Extractor,
    device: &'a Device,
    facts: &'a CategoryFacts,
    host: &'a TeachingHost,
    lesson: &'a Lesson,
}

impl Taught<'_> {
    /// Extracts the windows of the good photos. Gives the windows too whose defects are still to be drawn.
    async fn photos(&self, recipe: Recipe, reading: &Reading) -> Result<(TrainingSet, Vec<Window>), JsValue> {
        let Self { extractor, device, lesson, host, .. } = self;
        let mut set = TrainingSet::new(extractor, recipe.view, Box::new(Vec::new()));
        let (mut drawing, mut windows) = (Drawing::new(recipe), Vec::new());
        for index in 0..lesson.photos {
            let bytes = host.read(index).await?;
            let photo = reading.decode(&bytes).map_err(Failure::from)?;
            for part in drawing.photo(&photo, Sha256::digest(&bytes).into()) {
                if self.spec.method.is_trained() {
                    windows.extend(part.windows.iter().cloned());
                }
                let drawn = part.without_defects();
                let packed = extract(&drawn, set.store.layout(), extractor, device).await.map_err(Failure::from)?;
                set.add(drawn, &packed).map_err(Failure::from)?;
            }
            host.hear(&TeachingNews::Photos { done: lesson.photos + index + 1, of: PASSES * lesson.photos }).await?;
        }
        Ok((set, windows))
    }

    /// Model of a plain statistic of the good photos.
    async fn statistic(&self, set: &TrainingSet) -> Result<Vec<u8>, JsValue> {
        let gaussian = [("method", "gaussian"), ("taps", "stage7")];
        let spec = TrainSpec::given(Preset::Default, &gaussian).map_err(Failure::from)?;
        let spec = TrainSpec { seed: self.spec.seed, exposure: self.spec.exposure, ..spec };
        self.fit(set, &spec, Vec::new()).await
    }

    /// Draws and extracts the defects of all windows.
    async fn defects(&self, set: &mut TrainingSet, windows: &[Window]) -> Result<(), JsValue> {
        let mut tasks = Vec::new();
        for (sample, window) in windows.iter().enumerate() {
            let mut start = window.seeds.start;
            while start < window.seeds.end {
                let end = (start + DEFECTS_IN_TASK).min(window.seeds.end);
                tasks.push((sample, start..end));
                start = end;
            }
        }
        let (mut done, of) = (0, windows.iter().map(|window| window.seeds.clone().count()).sum());
        let layout = set.store.layout();
        for some in tasks.chunks(TASKS_AT_ONCE) {
            self.host.hear(&TeachingNews::Defects { done, of }).await?;
            let asked: Vec<DefectTask> = some
                .iter()
                .map(|(sample, seeds)| DefectTask::new(&windows[*sample], seeds.clone(), &self.lesson.settings))
                .collect();
            let features = self.host.extract(&asked).await?;
            for ((sample, seeds), features) in some.iter().zip(features) {
                let packed = layout.packed(features).map_err(Failure::from)?;
                set.add_defects(*sample, &[packed]).map_err(Failure::from)?;
                done += seeds.clone().count();
            }
        }
        Ok(())
    }

    fn session<'s>(&'s self, set: &'s TrainingSet, spec: &'s TrainSpec) -> Session<'s> {
        Session { spec, extractor: self.extractor, set, device: self.device }
    }

    /// File of the model that a method with these embedders gives.
    async fn fit(
        &self,
        set: &TrainingSet,
        spec: &TrainSpec,
        embedders: Vec<TrainedEmbedder>,
    ) -> Result<Vec<u8>, JsValue> {
        let session = self.session(set, spec);
        let division: Division = session.divide().await.map_err(Failure::from)?;
        let fit = session.fit(&division, &embedders).await.map_err(Failure::from)?;
        let model = session.model(&division, fit, self.facts).map_err(Failure::from)?;
        let groups = set.originals().into_iter().map(|photo| division.groups[photo]).collect();
        let first = |group: &Reviewed| group.photos.first().map(|photo| (*photo, group.score));
        let high = model.reviewed.iter().filter_map(first).collect();
        self.host.hear(&TeachingNews::Review { groups, high }).await?;
        Ok(category_file::write(&model.info, &model.tensors).map_err(Failure::from)?)
    }
}
