//! CSE, surface anomaly detection with contrastively selected embedding (VISAPP 2024): the model core.
//!
//! The method finds defects on a surface after seeing good photos alone. Data flows one way:
//!
//! 1. [`image`]: a file becomes pixels, all photos get one exposure, and the pixels become windows of 224 x 224.
//! 2. [`network`]: a frozen EfficientNet gives two feature maps of each window, `stage5` and `stage7` (section 3.1). PatchCore and
//!    PaDiM have a ResNet instead.
//! 3. [`embedding`]: both maps are concatenated and embedded in 64 channels (section 3.2).
//! 4. [`detectors`]: the [bank](detectors::bank) holds cluster centres of good embeddings. The distance to the nearest
//!    centre is taken at each position (section 3.5). A [density](detectors::density) is added. Baselines from the literature
//!    do the same without an embedder.
//! 5. [`scoring`]: distances are taken in units of their normal range, and become a score and an anomaly map.
//!    A photo above the threshold is labelled as defective. [`scoring::predictor`] runs steps 1 to 5.
//! 6. [`files`]: an extractor file holds the network, and a category file the trained model of one category. [`published`]
//!    makes extractor files of ImageNet weights.
//!
//! [`comparison`] has the other methods of the paper's Table 3, for how long they take.
//!
//! The feature `training` adds two modules:
//!
//! 7. [`defects`]: synthetic defects, which training contrasts with good windows.
//! 8. [`training`]: losses, schedule, loop, folds and fits (sections 3.3 and 3.4). [`training::spec::TrainSpec`] has every
//!    setting.
//!
//! The crate does no I/O, reads no clock and owns no global state. The same code runs natively and in the browser.
//! Randomness comes in as a seed, and the same seed gives the same result.

#[macro_use]
mod choices;
pub mod comparison;
#[cfg(feature = "training")]
pub mod defects;
pub mod detectors;
pub mod embedding;
pub mod files;
pub mod image;
pub mod network;
pub mod published;
pub mod random;
pub mod scoring;
#[cfg(feature = "training")]
pub mod training;
