//! Seeded procedural surfaces, for the pretraining of extractors and for the photos of the demo models.
//!
//! A [`material::Material`] is a pattern of one of the families under one lamp. Rendering it with different seeds gives
//! different places of the same [`surface`]. A [`light::Camera`] makes a photo of it. The [`demo`] materials have damages.

pub mod cells;
pub mod demo;
pub mod draw;
mod families;
pub mod field;
pub mod frame;
pub mod light;
pub mod material;
pub mod surface;
