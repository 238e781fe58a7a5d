//! Model files: safetensors with a description. An extractor file holds the frozen network, and a category file the trained
//! model of one category.

pub mod category_file;
pub mod extractor_file;
pub mod model_file;
pub(crate) mod module_weights;
pub mod provenance;
pub mod state_dict;
