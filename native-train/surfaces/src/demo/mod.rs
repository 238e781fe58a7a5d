//! Demo materials with hand-designed damages, for the demo models.
//!
//! A damage changes the material before it is lit and photographed: a dent changes the height, a broken yarn bares the yarns
//! below. Damages are not the synthetic defects of training, so they measure what training has not seen.

mod cloth;
mod cork;
pub mod damage;
mod material;
mod vinyl;

pub use material::DemoMaterial;

/// The three demo materials.
pub fn materials() -> [DemoMaterial; 3] {
    [cloth::material(), vinyl::material(), cork::material()]
}
