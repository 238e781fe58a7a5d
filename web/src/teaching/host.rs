//! The page's side of a teaching, which the worker's script implements.

use js_sys::Uint8Array;
use serde::Serialize;
use tsify::Tsify;
use wasm_bindgen::prelude::*;

use super::task::DefectTask;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r"
/** The page's side of a teaching. */
export interface TeachingHost {
    /** The encoded file of a good photo, by its number. */
    photo(index: number): Promise<Uint8Array>;
    /** Hears of progress. The teaching goes on once the promise is fulfilled. */
    tell(news: TeachingNews): Promise<void>;
    /** Takes a model file that can be used from now on. */
    provide(model: Uint8Array): Promise<void>;
    /** Computes the features of each task's defects, in the order of the tasks. */
    defects(tasks: DefectTask[]): Promise<Uint8Array[]>;
}
";

#[wasm_bindgen]
extern "C" {
    /// The page's side of a teaching.
    #[wasm_bindgen(typescript_type = "TeachingHost")]
    pub type TeachingHost;

    #[wasm_bindgen(method, catch)]
    async fn photo(this: &TeachingHost, index: usize) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, catch)]
    async fn tell(this: &TeachingHost, news: JsValue) -> Result<JsValue, JsValue>;

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
    /// A training step was taken.
    Step {
        /// Number of steps done, those of earlier embedders included.
        done: usize,
        /// Number to do.
        of: usize,
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
        /// Contrastive term since the validation before, unweighted, a pair.
        contrastive: f64,
        /// Decoder term since the validation before, unweighted, a pair.
        decoder: f64,
        /// Loss on held-out photos, a pair.
        validation: f64,
    },
}

impl TeachingHost {
    pub(super) async fn read(&self, index: usize) -> Result<Vec<u8>, JsValue> {
        Ok(self.photo(index).await?.dyn_into::<Uint8Array>()?.to_vec())
    }

    pub(super) async fn hear(&self, news: &TeachingNews) -> Result<(), JsValue> {
        self.tell(news.into_ts().map_err(JsError::from)?.into()).await.map(drop)
    }

    pub(super) async fn take(&self, model: &[u8]) -> Result<(), JsValue> {
        self.provide(Uint8Array::from(model)).await.map(drop)
    }

    /// Bytes of the features of each task's defects.
    pub(super) async fn extract(&self, tasks: &[DefectTask]) -> Result<Vec<Vec<u8>>, JsValue> {
        let list = js_sys::Array::new();
        for task in tasks {
            list.push(&task.into_ts().map_err(JsError::from)?.into());
        }
        let done = self.defects(list.into()).await?.dyn_into::<js_sys::Array>()?;
        done.iter().map(|bytes| Ok(bytes.dyn_into::<Uint8Array>()?.to_vec())).collect()
    }
}
