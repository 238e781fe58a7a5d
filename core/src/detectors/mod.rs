//! Detectors of anomalous features, with one file for each method.
//!
//! CSE is an [`ensemble`] of embedders, each with a [`bank`]. A [`density`] may be added to the embedders, and a
//! [`classifier`] may replace the bank. The other methods are baselines. [`gaussian`], [`mean_cosine`] and
//! [`nearest_neighbours`] work position by position on the same feature maps, so that a score and its map come from the same
//! distances. [`patch_core`] and [`padim`] are those of their papers, on a ResNet.

pub mod bank;
pub mod classifier;
pub mod density;
pub mod detector;
pub mod ensemble;
pub mod gaussian;
pub mod mean_cosine;
pub mod method;
pub mod nearest_neighbours;
pub mod padim;
pub mod patch_core;
