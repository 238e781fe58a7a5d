//! Families of surfaces, each with random parameters.

pub mod gabor;
pub mod knit;
pub mod leather;
pub mod leaves;
pub mod metal;
pub mod paper;
pub mod pile;
pub mod power_law;
pub mod program;
pub mod stone;
pub mod stripes;
pub mod tile;
pub mod turing;
pub mod voronoi;
pub mod weave;
pub mod wood;
