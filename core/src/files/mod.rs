//! Model files: safetensors with a description. An extractor file holds the frozen network, a category file what was
//! learned of one material.

pub mod category_file;
pub mod extractor_file;
pub mod model_file;
pub mod provenance;
pub mod state_dict;
