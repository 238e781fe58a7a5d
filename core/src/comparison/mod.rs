//! The comparison of the paper's Table 3: how long each method takes for one photo, on the reader's own device.
//!
//! A [`Contender`] is a row: a method with its backbone. A [`Contestant`] is a contender with random weights, because times
//! do not depend on them. It turns a window of 224 x 224 pixels into an anomaly map on the host. Networks are those of
//! anomalib 2, RD++'s those of its authors' code, all with BatchNorm folded. Each run counts its multiply-adds ([`tally`](crate::network::tally)).
//!
//! Left out are decoding, resizing a photo, the smoothing of the map that other methods than CSE have, PatchCore's weighting of
//! the image score, and drawing.

mod cfa;
pub mod contender;
pub mod contestant;
mod cse;
mod fast_flow;
mod padim;
mod patch_core;
mod reverse_distillation;
mod stfpm;

pub use contender::Contender;
pub use contestant::Contestant;
