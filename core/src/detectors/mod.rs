//! Detectors: what tells normal from anomalous features, each method in a file of its own.
//!
//! CSE is an [`ensemble`] of embedders, each with a [`bank`]. The other methods are baselines from the literature, or parts
//! that stand beside the embedders ([`density`]) or replace the bank ([`classifier`]). All of them work position by
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
