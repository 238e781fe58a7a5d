//! Contenders: the rows of the comparison.

choices! {
    /// Row of the comparison: a method with its backbone.
    #[serde(rename_all = "kebab-case")]
    #[strum(serialize_all = "kebab-case")]
    pub enum Contender {
        /// CSE as the paper has it: EfficientNet-B3, one embedder, a bank of one cluster
        CseB3,
        /// CSE as this project trains it: the shipped architecture, three embedders and two Gaussians
        CseShipped,
        /// PatchCore with 1 % of the patches of 280 photos
        Patchcore1,
        /// PatchCore with 10 % of the patches of 280 photos
        Patchcore10,
        /// FastFlow: 8 flow steps on each of three layers
        Fastflow,
        /// Reverse distillation: bottleneck and decoder of WideResNet-50
        ReverseDistillationWide,
        /// Reverse distillation: bottleneck and decoder of ResNet-18
        ReverseDistillation18,
        /// RD++: reverse distillation with projected layers
        RdPlusPlus,
        /// STFPM: a student of the same architecture
        Stfpm,
        /// PaDiM: a Gaussian at each position, over 100 channels
        Padim,
        /// CFA: a descriptor and a centroid for each position
        Cfa,
    }
}

impl Contender {
    /// All rows, in the order of the paper's table, then those that the table does not have.
    pub const ALL: [Self; 11] = [
        Self::Patchcore10,
        Self::Patchcore1,
        Self::Fastflow,
        Self::ReverseDistillationWide,
        Self::ReverseDistillation18,
        Self::CseB3,
        Self::CseShipped,
        Self::RdPlusPlus,
        Self::Stfpm,
        Self::Padim,
        Self::Cfa,
    ];

    /// Method and its setting, for a reader.
    pub fn method(self) -> &'static str {
        match self {
            Self::CseB3 => "CSE",
            Self::CseShipped => "CSE, shipped",
            Self::Patchcore1 => "PatchCore, 1 %",
            Self::Patchcore10 => "PatchCore, 10 %",
            Self::Fastflow => "FastFlow",
            Self::ReverseDistillationWide | Self::ReverseDistillation18 => "Reverse distillation",
            Self::RdPlusPlus => "RD++",
            Self::Stfpm => "STFPM",
            Self::Padim => "PaDiM",
            Self::Cfa => "CFA",
        }
    }

    /// Architecture of the backbone, for a reader.
    pub fn backbone(self) -> &'static str {
        match self {
            Self::CseB3 => "EfficientNet-B3",
            Self::CseShipped => "EfficientNet-B0",
            Self::Patchcore1
            | Self::Patchcore10
            | Self::Fastflow
            | Self::ReverseDistillationWide
            | Self::RdPlusPlus
            | Self::Cfa => "WideResNet-50",
            Self::ReverseDistillation18 | Self::Stfpm | Self::Padim => "ResNet-18",
        }
    }

    /// Milliseconds for one photo on an RTX 3090 Ti, as the paper's Table 3 has them. None where it has no such row.
    pub fn paper_milliseconds(self) -> Option<f64> {
        match self {
            Self::Patchcore10 => Some(172.0),
            Self::Fastflow => Some(45.9),
            Self::ReverseDistillationWide => Some(30.0),
            Self::ReverseDistillation18 => Some(16.0),
            Self::CseB3 => Some(18.0),
            Self::Patchcore1 | Self::CseShipped | Self::RdPlusPlus | Self::Stfpm | Self::Padim | Self::Cfa => None,
        }
    }
}
