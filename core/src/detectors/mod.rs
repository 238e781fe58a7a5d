//! Detectors of anomalous features, with one file for each method.
//!
//! CSE is an [`ensemble`] of embedders, each with a [`bank`]. A [`density`] may be added to the embedders, and a
//! [`classifier`] may replace the bank. The other methods are baselines from the literature. All of them work position by
//! position, so that a score and its map come from the same distances.

pub mod bank;
pub mod classifier;
pub mod density;
pub mod detector;
pub mod ensemble;
pub mod gaussian;
pub mod mean_cosine;
pub mod method;
pub mod nearest_neighbours;
