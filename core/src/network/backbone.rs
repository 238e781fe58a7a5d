//! Backbone: the network of an extractor, and the feature maps that leave it.
//!
//! CSE and the methods `classifier`, `gaussian`, `mean-cosine` and `nearest-neighbours` work with an EfficientNet. PatchCore and
//! PaDiM work with a ResNet, as their papers do.

use std::fmt;

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::efficientnet::{self, EfficientNet};
use super::features::Features;
use super::grid::Grid;
use super::resnet::{ResNet, ResNetArchitecture};
use super::tally::Tally;

/// Architecture of an extractor, named as in timm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Backbone {
    /// EfficientNet up to stage 7.
    EfficientNet(efficientnet::Architecture),
    /// ResNet up to `layer3`.
    ResNet(ResNetArchitecture),
}

impl fmt::Display for Backbone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EfficientNet(architecture) => architecture.fmt(f),
            Self::ResNet(architecture) => architecture.fmt(f),
        }
    }
}

impl From<efficientnet::Architecture> for Backbone {
    fn from(architecture: efficientnet::Architecture) -> Self {
        Self::EfficientNet(architecture)
    }
}

impl Backbone {
    /// Architecture of an EfficientNet.
    ///
    /// # Errors
    /// It is a ResNet.
    pub fn efficient_net(self) -> Result<efficientnet::Architecture, OtherNetwork> {
        match self {
            Self::EfficientNet(architecture) => Ok(architecture),
            Self::ResNet(_) => Err(OtherNetwork),
        }
    }

    /// Architecture of a ResNet.
    ///
    /// # Errors
    /// It is an EfficientNet.
    pub fn res_net(self) -> Result<ResNetArchitecture, OtherNetwork> {
        match self {
            Self::ResNet(architecture) => Ok(architecture),
            Self::EfficientNet(_) => Err(OtherNetwork),
        }
    }

    /// Channels and grid of each feature map of a window, the finest first. `stride16` is the grid of a map whose positions are
    /// 16 pixels apart. An EfficientNet has `stage5` (16 pixels) and `stage7` (32), and a ResNet `layer1` (4), `layer2` (8) and
    /// `layer3` (16).
    pub fn shapes(self, stride16: Grid) -> Vec<(usize, Grid)> {
        match self {
            Self::EfficientNet(architecture) => {
                let channels = architecture.channels();
                vec![(channels.stage5, stride16), (channels.stage7, stride16.halved())]
            }
            Self::ResNet(architecture) => {
                let [layer1, layer2, layer3] = architecture.channels();
                vec![(layer1, stride16.times(4)), (layer2, stride16.times(2)), (layer3, stride16)]
            }
        }
    }
}

/// A method and an extractor do not fit: one of them is for an EfficientNet, and the other for a ResNet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the method and the extractor do not fit: patchcore and padim work with a ResNet, and all other methods with an \
     EfficientNet"
)]
pub struct OtherNetwork;

/// Network of an extractor.
#[derive(Debug)]
pub enum Network {
    /// EfficientNet up to stage 7.
    EfficientNet(Box<EfficientNet>),
    /// ResNet up to `layer3`.
    ResNet(Box<ResNet>),
}

impl Network {
    /// Feature maps of a batch `[n, 3, h, w]` that [`to_tensor`](crate::image::preprocess::to_tensor) made, whose sides are
    /// multiples of 32.
    pub fn forward(&self, images: Tensor<4>) -> Maps {
        match self {
            Self::EfficientNet(network) => network.forward(images).into(),
            Self::ResNet(network) => Maps::ResNet(Box::new(network.forward(images, &Tally::default()))),
        }
    }

    /// The network as an EfficientNet.
    ///
    /// # Errors
    /// It is a ResNet.
    pub fn into_efficient_net(self) -> Result<EfficientNet, OtherNetwork> {
        match self {
            Self::EfficientNet(network) => Ok(*network),
            Self::ResNet(_) => Err(OtherNetwork),
        }
    }
}

/// Feature maps of a batch, the finest first.
#[derive(Clone, Debug)]
pub enum Maps {
    /// Those of an EfficientNet.
    EfficientNet(Box<Features>),
    /// `layer1` at stride 4, `layer2` at 8 and `layer3` at 16 of a ResNet.
    ResNet(Box<[Tensor<4>; 3]>),
}

impl From<Features> for Maps {
    fn from(features: Features) -> Self {
        Self::EfficientNet(Box::new(features))
    }
}

impl Maps {
    /// Maps of an EfficientNet.
    ///
    /// # Errors
    /// They are those of a ResNet.
    pub fn efficient_net(self) -> Result<Features, OtherNetwork> {
        match self {
            Self::EfficientNet(features) => Ok(*features),
            Self::ResNet(_) => Err(OtherNetwork),
        }
    }

    /// Maps of a ResNet.
    ///
    /// # Errors
    /// They are those of an EfficientNet.
    pub fn res_net(self) -> Result<[Tensor<4>; 3], OtherNetwork> {
        match self {
            Self::ResNet(layers) => Ok(*layers),
            Self::EfficientNet(_) => Err(OtherNetwork),
        }
    }

    /// The maps one after another.
    pub fn into_list(self) -> Vec<Tensor<4>> {
        match self {
            Self::EfficientNet(features) => vec![features.stage5, features.stage7],
            Self::ResNet(layers) => (*layers).into(),
        }
    }

    /// The coarsest map, `[n, channels, h, w]`, which is computed last.
    pub fn coarsest(&self) -> &Tensor<4> {
        match self {
            Self::EfficientNet(features) => &features.stage7,
            Self::ResNet(layers) => &layers[2],
        }
    }
}
