//! From an encoded photo to the network's input: decoding, windows, preprocessing, and positions that are left out.

pub mod components;
pub mod exposure;
pub mod fit_size;
pub mod inspected;
pub mod measures;
pub mod photo;
pub mod preprocess;
pub mod variation;
pub mod view;
