//! Task of a helping worker: the training of one embedder on the features of another worker.

use cse::files::extractor_file::Extractor;
use cse::network::grid::Grid;
use cse::training::error::TrainingError;
use cse::training::feature_store::{FeatureStore, Layout};
use cse::training::training_set::{Sample, TrainingPhoto, TrainingSet};
use js_sys::Uint8Array;
use serde::{Deserialize, Serialize};
use serde_wasm_bindgen::preserve;
use tsify::Tsify;
use wasm_bindgen::prelude::*;

use crate::failure::Failure;

/// Embedder to be trained.
#[derive(Clone, Debug, Serialize, Deserialize, Tsify)]
pub struct MemberTask {
    /// Number of the embedder, from 0.
    pub member: u32,
    /// Rows of the grid of `stage5`.
    pub rows: usize,
    /// Columns of the grid of `stage5`.
    pub columns: usize,
    /// Photos and their windows, as JSON.
    pub photos: String,
    /// Features of all windows, packed.
    #[serde(with = "preserve")]
    #[tsify(type = "Uint8Array<ArrayBuffer>")]
    pub features: Uint8Array,
    /// Names and values of the training's settings.
    pub settings: Vec<(String, String)>,
}

impl MemberTask {
    /// Tasks for `members` embedders on one set. They share its features.
    pub fn all(set: &TrainingSet, members: u32, settings: &[(String, String)]) -> Result<Vec<Self>, Failure> {
        let features = Uint8Array::from(set.store.all()?.into_bytes().as_slice());
        let photos = serde_json::to_string(&(&set.photos, &set.samples)).map_err(Failure::damaged)?;
        let Grid { rows, columns } = set.store.layout().grid;
        let task = |member| Self {
            member,
            rows,
            columns,
            photos: photos.clone(),
            features: features.clone(),
            settings: settings.to_vec(),
        };
        Ok((0..members).map(task).collect())
    }

    /// The set to train on.
    pub fn set(&self, extractor: &Extractor) -> Result<TrainingSet, Failure> {
        let (photos, samples): (Vec<TrainingPhoto>, Vec<Sample>) =
            serde_json::from_str(&self.photos).map_err(Failure::damaged)?;
        let grid = Grid { rows: self.rows, columns: self.columns };
        let layout = Layout { backbone: extractor.info.architecture, grid };
        let mut store = FeatureStore::new(layout, Box::new(Vec::new()));
        store.push(&layout.packed(self.features.to_vec())?).map_err(TrainingError::from)?;
        Ok(TrainingSet { store, samples, photos })
    }
}
