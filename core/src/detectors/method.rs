//! Methods of anomaly detection.

use crate::network::backbone::Backbone;

choices! {
    /// Method of anomaly detection.
    #[derive(Default)]
    #[serde(rename_all = "kebab-case")]
    #[strum(serialize_all = "kebab-case")]
    pub enum Method {
        /// The paper's: trained embedders, each with a bank
        #[default]
        Cse,
        /// Cosine distance to the mean feature map
        MeanCosine,
        /// One Gaussian over the features of all positions (the core of PaDiM)
        Gaussian,
        /// Distance to the nearest features of a coreset (the core of PatchCore)
        NearestNeighbours,
        /// Trained embedders, each with a classifier of good and defective (the paper's table 4)
        Classifier,
        /// PatchCore, with a ResNet as extractor
        Patchcore,
        /// PaDiM, with a ResNet as extractor
        Padim,
    }
}

impl Method {
    /// Tells whether the method works with `backbone`.
    pub fn works_with(self, backbone: Backbone) -> bool {
        self.is_of_res_net() == matches!(backbone, Backbone::ResNet(_))
    }

    /// Tells whether the method is that of a paper on ResNets, score rule and all.
    pub fn is_of_res_net(self) -> bool {
        matches!(self, Self::Patchcore | Self::Padim)
    }

    /// Tells whether the method has embedders to train. The other methods are fitted in one pass.
    pub fn is_trained(self) -> bool {
        matches!(self, Self::Cse | Self::Classifier)
    }
}
