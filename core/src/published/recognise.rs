//! Recognises the EfficientNet in a state dict by its tensors' shapes, and renames its tensors as timm does.

use std::collections::BTreeMap;

use crate::files::state_dict::StateDict;
use crate::network::efficientnet::Architecture;

use super::names::{Layer, Layout, Location, Part, Position, locate};

/// Network in a state dict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recognised {
    /// Architecture of the network.
    pub architecture: Architecture,
    /// Naming scheme and prefix of its tensors.
    pub location: Location,
}

/// Reasons why a state dict cannot be imported. Each message continues after the file's name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecogniseError {
    /// There is no first convolution of an EfficientNet.
    #[error(
        "holds no network that can be imported: none of its {tensors} tensors is called conv_stem.weight (an EfficientNet of \
         timm), features.0.0.weight (torchvision) or _conv_stem.weight (efficientnet_pytorch), and they are not those of a \
         resnet18 or wide_resnet50_2"
    )]
    NoNetwork {
        /// Number of tensors in the file.
        tensors: usize,
    },
    /// The file holds more than one network.
    #[error("holds several networks ({0}): save the one to import as a separate state dict")]
    Several(String),
    /// The file holds an EfficientNet that cannot be imported.
    #[error(
        "holds no EfficientNet that can be used: it is closest to {closest}, but {problem}. B0, B1, B2 and B3 of \
         timm and torchvision and EfficientNet-Lite0 can be imported"
    )]
    Unknown {
        /// Architecture with the most tensors in common.
        closest: Architecture,
        /// Description of the first tensor that differs.
        problem: String,
    },
    /// A weight is NaN or infinite.
    #[error("is damaged: tensor '{0}' holds a value that is not a finite number")]
    NotFinite(String),
}

/// Recognises the network from the names and shapes of `tensors`.
pub fn recognise(tensors: &StateDict) -> Result<Recognised, RecogniseError> {
    let location = only_network(tensors)?;
    let mut closest: Option<(usize, Architecture, String)> = None;
    for architecture in Architecture::EXTRACTORS.into_iter().chain([Architecture::TfLite0]) {
        let expected: BTreeMap<String, Vec<usize>> = expected(architecture)
            .into_iter()
            .map(|(layer, word, shape)| (source_name(&location, layer, word), shape))
            .collect();
        let mut matching = 0;
        let mut problem = None;
        for (name, shape) in &expected {
            match tensors.get(name) {
                Some((found, _)) if found == shape => matching += 1,
                Some((found, _)) => {
                    problem.get_or_insert(format!("tensor '{name}' has shape {found:?} instead of {shape:?}"));
                }
                None => {
                    problem.get_or_insert(format!("tensor '{name}' is missing"));
                }
            }
        }
        // B1 has all tensors of B0, and B0 has all of Lite0: an extra tensor counts like a missing one.
        let mut extra = tensors.keys().filter(|name| location.is_in_block(name) && !expected.contains_key(*name));
        if let Some(name) = extra.next() {
            problem.get_or_insert(format!("it also has tensor '{name}'"));
        }
        let Some(problem) = problem else {
            return Ok(Recognised { architecture, location });
        };
        if closest.as_ref().is_none_or(|(most, ..)| matching > *most) {
            closest = Some((matching, architecture, problem));
        }
    }
    Err(match closest {
        Some((_, closest, problem)) => RecogniseError::Unknown { closest, problem },
        None => RecogniseError::NoNetwork { tensors: tensors.len() },
    })
}

/// Moves the network's tensors up to its second tap out of `tensors`, under timm's names. The head, the classifier and
/// BatchNorm's step counters stay in `tensors`.
pub fn take_timm_named(tensors: &mut StateDict, network: &Recognised) -> Result<StateDict, RecogniseError> {
    let mut renamed = StateDict::new();
    for (layer, word, _) in expected(network.architecture) {
        let name = source_name(&network.location, layer, word);
        let Some(tensor) = tensors.remove(&name) else {
            return Err(RecogniseError::Unknown {
                closest: network.architecture,
                problem: format!("tensor '{name}' is missing"),
            });
        };
        if !tensor.1.iter().all(|value| value.is_finite()) {
            return Err(RecogniseError::NotFinite(name));
        }
        renamed.insert(format!("{}.{word}", Layout::Timm.name(layer)), tensor);
    }
    Ok(renamed)
}

fn only_network(tensors: &StateDict) -> Result<Location, RecogniseError> {
    let mut found = locate(tensors.keys().map(String::as_str));
    if found.len() > 1 && found.iter().any(is_average) {
        // timm's training checkpoints also hold the moving average of the weights, which is more accurate.
        found.retain(is_average);
    }
    if found.len() > 1 {
        let prefixes: Vec<&str> = found.iter().map(|location| location.prefix.as_str()).collect();
        return Err(RecogniseError::Several(format!("under '{}'", prefixes.join("', '"))));
    }
    found.pop().ok_or(RecogniseError::NoNetwork { tensors: tensors.len() })
}

fn is_average(location: &Location) -> bool {
    location.prefix.split(['.', '_']).any(|word| word == "ema")
}

fn source_name(location: &Location, layer: Layer, word: &str) -> String {
    format!("{}{}.{word}", location.prefix, location.layout.name(layer))
}

/// Layer, last word of the name and shape of every tensor up to the second tap.
fn expected(architecture: Architecture) -> Vec<(Layer, &'static str, Vec<usize>)> {
    let mut all = Vec::new();
    let stem = architecture.stem_channels();
    all.push((Layer::Stem, "weight", vec![stem, 3, 3, 3]));
    push_norm(&mut all, Layer::StemNorm, stem);
    let mut input = stem;
    let mut index = 0;
    for (s, stage) in architecture.stages().into_iter().enumerate() {
        for block in 0..stage.repeats {
            let at = Position { stage: s, block, index, separable: stage.expand == 1 };
            let middle = input * stage.expand;
            let layer = |part| Layer::Block(at, part);
            if !at.separable {
                all.push((layer(Part::Expand), "weight", vec![middle, input, 1, 1]));
                push_norm(&mut all, layer(Part::ExpandNorm), middle);
            }
            all.push((layer(Part::Depthwise), "weight", vec![middle, 1, stage.kernel, stage.kernel]));
            push_norm(&mut all, layer(Part::DepthwiseNorm), middle);
            if architecture.has_squeeze_excite() {
                // A quarter of the block's input, not of its inner width.
                let few = input / 4;
                all.push((layer(Part::SqueezeReduce), "weight", vec![few, middle, 1, 1]));
                all.push((layer(Part::SqueezeReduce), "bias", vec![few]));
                all.push((layer(Part::SqueezeExpand), "weight", vec![middle, few, 1, 1]));
                all.push((layer(Part::SqueezeExpand), "bias", vec![middle]));
            }
            all.push((layer(Part::Project), "weight", vec![stage.channels, middle, 1, 1]));
            push_norm(&mut all, layer(Part::ProjectNorm), stage.channels);
            input = stage.channels;
            index += 1;
        }
    }
    all
}

fn push_norm(all: &mut Vec<(Layer, &'static str, Vec<usize>)>, layer: Layer, channels: usize) {
    all.extend(["weight", "bias", "running_mean", "running_var"].map(|word| (layer, word, vec![channels])));
}

/// State dict in `layout`. Each tensor is filled with its index in the network.
/// Weights with the names of a layout after `prefix`, each tensor filled with its place among all. For tests.
pub fn made_up(architecture: Architecture, layout: Layout, prefix: &str) -> StateDict {
    let location = Location { layout, prefix: prefix.to_owned() };
    expected(architecture)
        .into_iter()
        .enumerate()
        .map(|(place, (layer, word, shape))| {
            let values = vec![place as f32; shape.iter().product()];
            (source_name(&location, layer, word), (shape, values))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_is_told_by_its_shapes_in_every_layout() {
        for architecture in Architecture::EXTRACTORS.into_iter().chain([Architecture::TfLite0]) {
            for layout in Layout::ALL {
                let mut tensors = made_up(architecture, layout, "module.");
                tensors.insert("module.classifier.weight".into(), (vec![2], vec![0.0; 2]));
                let found = recognise(&tensors).unwrap();
                assert_eq!((found.architecture, found.location.layout), (architecture, layout));
                let renamed = take_timm_named(&mut tensors, &found).unwrap();
                assert_eq!(renamed, made_up(architecture, Layout::Timm, ""));
            }
        }
    }

    #[test]
    fn the_moving_average_is_taken_where_there_is_one() {
        let mut tensors = made_up(Architecture::B0, Layout::Timm, "state_dict.");
        tensors.extend(made_up(Architecture::B0, Layout::Timm, "state_dict_ema."));
        assert_eq!(recognise(&tensors).unwrap().location.prefix, "state_dict_ema.");
    }

    #[test]
    fn what_cannot_be_imported_is_named() {
        let problem = |tensors: &StateDict| recognise(tensors).unwrap_err().to_string();
        assert!(problem(&StateDict::from([("fc.weight".into(), (vec![1], vec![0.0]))])).contains("holds no network"));

        let mut cut = made_up(Architecture::B2, Layout::Torchvision, "");
        cut.remove("features.7.1.block.3.1.running_var");
        let message = problem(&cut);
        assert!(message.contains("closest to efficientnet_b2"), "{message}");
        assert!(message.contains("'features.7.1.block.3.1.running_var' is missing"), "{message}");

        let mut without_one = made_up(Architecture::B0, Layout::Timm, "");
        without_one.remove("blocks.3.0.se.conv_reduce.bias");
        assert!(problem(&without_one).contains("'blocks.3.0.se.conv_reduce.bias' is missing"));

        let mut without_one = made_up(Architecture::B1, Layout::EfficientNetPytorch, "");
        without_one.remove("_blocks.22._bn1.bias");
        assert!(problem(&without_one).contains("'_blocks.22._bn1.bias' is missing"));

        let mut two = made_up(Architecture::B0, Layout::Timm, "teacher.");
        two.extend(made_up(Architecture::B0, Layout::Timm, "student."));
        assert!(problem(&two).contains("several networks (under 'student.', 'teacher.')"));
    }

    #[test]
    fn a_weight_that_is_no_number_is_named() {
        let mut tensors = made_up(Architecture::B0, Layout::Timm, "");
        if let Some((_, values)) = tensors.get_mut("bn1.bias") {
            values[3] = f32::NAN;
        }
        let network = recognise(&tensors).unwrap();
        assert_eq!(take_timm_named(&mut tensors, &network), Err(RecogniseError::NotFinite("bn1.bias".into())));
    }
}
