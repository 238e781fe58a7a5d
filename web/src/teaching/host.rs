//! The page's side of a teaching, which the worker's script implements.

use js_sys::{Array, Uint8Array};
use serde::Serialize;
use tsify::Tsify;
use wasm_bindgen::prelude::*;

use super::defect_task::DefectTask;
use super::member_task::MemberTask;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r"
/** Hears of progress. The work goes on once the promise is fulfilled. */
export interface NewsHost {
    tell(news: TeachingNews): Promise<void>;
}

/** The page's side of a teaching. */
export interface TeachingHost extends NewsHost {
    /** The encoded file of a good photo, by its number. */
    photo(index: number): Promise<Uint8Array>;
    /** Takes a model file that can be used from now on. */
    provide(model: Uint8Array): Promise<void>;
    /** Computes the features of each task's defects, in the order of the tasks. */
    defects(tasks: DefectTask[]): Promise<Uint8Array[]>;
    /** Trains the embedders, and gives them as text in the order of the tasks. */
    members(tasks: MemberTask[]): Promise<string[]>;
}
";

#[wasm_bindgen]
extern "C" {
    /// Hears of progress.
    #[wasm_bindgen(typescript_type = "NewsHost")]
    pub type NewsHost;

    /// The page's side of a teaching.
    #[wasm_bindgen(extends = NewsHost, typescript_type = "TeachingHost")]
    pub type TeachingHost;

    #[wasm_bindgen(method, catch)]
    async fn tell(this: &NewsHost, news: JsValue) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, catch)]
    async fn photo(this: &TeachingHost, index: usize) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, catch)]
    async fn members(this: &TeachingHost, tasks: JsValue) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, catch)]
    async fn provide(this: &TeachingHost, model: Uint8Array) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, catch)]
    async fn defects(this: &TeachingHost, tasks: JsValue) -> Result<JsValue, JsValue>;
}

/// Progress of a teaching.
#[derive(Clone, Debug, Serialize, Tsify)]
#[serde(rename_all = "lowercase", tag = "is")]
pub enum TeachingNews {
    /// A good photo was looked at, or its windows were extracted.
    Photos {
        /// Number of photos done, each counted once for each of the two.
        done: usize,
        /// Number to do.
        of: usize,
    },
    /// Some tasks are handed out. The page counts their defects itself.
    Defects {
        /// Number of defects done.
        done: usize,
        /// Number to do.
        of: usize,
    },
    /// A training step of an embedder was taken.
    Step {
        /// Number of the embedder, from 0.
        member: u32,
        /// Number of its steps that are done.
        done: usize,
        /// Number of its steps.
        of: usize,
        /// Number of embedders.
        members: usize,
    },
    /// A model was fitted. Its good photos can be reviewed.
    Review {
        /// Number of the group of each photo. Photos of the same piece have the same number.
        groups: Vec<usize>,
        /// Photos whose scores reach the threshold, and with it decide it: their numbers and scores, the highest first.
        high: Vec<(usize, f32)>,
    },
    /// An embedder was validated.
    Losses {
        /// Number of the embedder, from 0.
        member: u32,
        /// Steps of this embedder that are done.
        step: usize,
        /// Loss on held-out photos, a pair.
        validation: f64,
    },
}

impl NewsHost {
    pub(super) async fn hear(&self, news: &TeachingNews) -> Result<(), JsValue> {
        self.tell(news.into_ts().map_err(JsError::from)?.into()).await.map(drop)
    }
}

impl TeachingHost {
    pub(super) async fn read(&self, index: usize) -> Result<Vec<u8>, JsValue> {
        Ok(self.photo(index).await?.dyn_into::<Uint8Array>()?.to_vec())
    }

    pub(super) async fn take(&self, model: &[u8]) -> Result<(), JsValue> {
        self.provide(Uint8Array::from(model)).await.map(drop)
    }

    /// Bytes of the features of each task's defects.
    pub(super) async fn extract(&self, tasks: &[DefectTask]) -> Result<Vec<Vec<u8>>, JsValue> {
        let done = self.defects(listed(tasks)?).await?.dyn_into::<Array>()?;
        done.iter().map(|bytes| Ok(bytes.dyn_into::<Uint8Array>()?.to_vec())).collect()
    }

    /// Trained embedders as text.
    pub(super) async fn train(&self, tasks: &[MemberTask]) -> Result<Vec<String>, JsValue> {
        let done = self.members(listed(tasks)?).await?.dyn_into::<Array>()?;
        done.iter().map(|text| text.as_string().ok_or_else(|| JsError::new("an embedder is no text").into())).collect()
    }
}

/// Tasks as a JavaScript array.
fn listed<T: Tsify + Serialize>(tasks: &[T]) -> Result<JsValue, JsValue> {
    let list = Array::new();
    for task in tasks {
        list.push(&task.into_ts().map_err(JsError::from)?.into());
    }
    Ok(list.into())
}
