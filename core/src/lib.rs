//! CSE, surface anomaly detection with contrastively selected embedding (VISAPP 2024): the model core.
//!
//! Data flows one way: [`photo`] -> [`preprocess`] -> [`efficientnet`] (the frozen extractor) -> [`embedder`] ->
//! [`bank`] -> [`score`] and [`anomaly_map`]. [`inspector`] is that path. Training adds [`defects`], [`decoder`],
//! [`losses`] and [`calibration`]. Models are [`extractor_file`] and [`texture_file`].
//!
//! No I/O, no clock, no global state: the same code runs natively and in the browser, and randomness comes in as a seed.

pub mod anomaly_map;
pub mod bank;
mod batch_norm_folding;
pub mod calibration;
pub mod decoder;
pub mod defects;
pub mod efficientnet;
pub mod embedder;
pub mod extractor_file;
mod fused_cpu;
pub mod inspector;
mod jpeg_end;
pub mod losses;
pub mod model_file;
pub mod photo;
pub mod preprocess;
pub mod score;
pub mod state_dict;
pub mod texture_file;
