//! Recognises a ResNet in a state dict by the names and shapes of its tensors. torchvision and timm name them alike.

use strum::IntoEnumIterator;

use super::recognise::RecogniseError;
use crate::files::state_dict::StateDict;
use crate::network::resnet::ResNetArchitecture;

/// Tensor whose name tells a ResNet.
const FIRST: &str = "layer1.0.conv1.weight";

/// A ResNet among tensors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecognisedResNet {
    /// Architecture of the network.
    pub architecture: ResNetArchitecture,
    /// Prefix of the names of its tensors, such as `module.`.
    prefix: String,
}

/// Recognises the ResNet in `tensors`. None where there is none, or another one than those of PatchCore and PaDiM.
pub fn recognise_res_net(tensors: &StateDict) -> Option<RecognisedResNet> {
    let mut prefixes = tensors.keys().filter_map(|name| name.strip_suffix(FIRST));
    let (prefix, None) = (prefixes.next()?, prefixes.next()) else { return None };
    // A deeper network has all tensors of a flatter one, and one with gates those of one without: an extra tensor counts
    // like a missing one. BatchNorm's step counters do not count.
    let own = |name: &&str| {
        let layers = ["layer1.", "layer2.", "layer3."];
        layers.iter().any(|layer| name.starts_with(layer)) && !name.ends_with(".num_batches_tracked")
    };
    let found = tensors.keys().filter_map(|name| name.strip_prefix(prefix)).filter(own).count();
    let fits = |architecture: &ResNetArchitecture| {
        let expected = architecture.tensors();
        let is_there = |(name, shape): &(String, Vec<usize>)| {
            tensors.get(&format!("{prefix}{name}")).is_some_and(|(found, _)| found == shape)
        };
        expected.iter().all(is_there) && expected.iter().filter(|(name, _)| own(&name.as_str())).count() == found
    };
    let architecture = ResNetArchitecture::iter().find(fits)?;
    Some(RecognisedResNet { architecture, prefix: prefix.to_owned() })
}

/// Moves the network's tensors up to `layer3` out of `tensors`, under torchvision's names.
///
/// # Errors
/// A weight is NaN or infinite.
pub(super) fn take_named(tensors: &mut StateDict, network: &RecognisedResNet) -> Result<StateDict, RecogniseError> {
    let mut taken = StateDict::new();
    for (name, _) in network.architecture.tensors() {
        let Some(tensor) = tensors.remove(&format!("{}{name}", network.prefix)) else { continue };
        if !tensor.1.iter().all(|value| value.is_finite()) {
            return Err(RecogniseError::NotFinite(name));
        }
        taken.insert(name, tensor);
    }
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made_up(architecture: ResNetArchitecture, prefix: &str) -> StateDict {
        let tensor = |(name, shape): (String, Vec<usize>)| {
            let values = vec![1.0; shape.iter().product()];
            (format!("{prefix}{name}"), (shape, values))
        };
        architecture.tensors().into_iter().map(tensor).collect()
    }

    #[test]
    fn a_res_net_is_told_by_its_shapes() {
        for architecture in ResNetArchitecture::iter() {
            let mut tensors = made_up(architecture, "module.");
            tensors.insert("module.fc.weight".into(), (vec![1], vec![0.0]));
            let found = recognise_res_net(&tensors).unwrap();
            assert_eq!(found.architecture, architecture);
            assert_eq!(take_named(&mut tensors, &found).unwrap(), made_up(architecture, ""));
        }
        // A ResNet-34 and a WideResNet-101 have more blocks, and an SE-ResNet-18 has gates.
        for (architecture, extra) in [
            (ResNetArchitecture::ResNet18, "layer1.2.conv1.weight"),
            (ResNetArchitecture::WideResNet50, "layer3.6.conv1.weight"),
            (ResNetArchitecture::ResNet18, "layer1.0.se.fc1.weight"),
        ] {
            let mut other = made_up(architecture, "");
            other.insert("layer2.0.bn1.num_batches_tracked".into(), (Vec::new(), vec![1.0]));
            assert!(recognise_res_net(&other).is_some());
            other.insert(extra.into(), (vec![1], vec![0.0]));
            assert_eq!(recognise_res_net(&other), None, "{extra}");
        }
        assert_eq!(recognise_res_net(&StateDict::new()), None);
    }
}
