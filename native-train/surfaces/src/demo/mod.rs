//! Demo materials with hand-designed damages, for the demo models.
//!
//! A damage changes the material before it is lit and photographed. A dent changes the height, and a broken yarn bares the
//! yarns below. Damages differ from the synthetic defects of the training, so the demo measures unseen defects.

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
