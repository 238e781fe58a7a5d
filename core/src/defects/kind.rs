//! Kinds of synthetic defect.

choices! {
    /// Kind of synthetic defect.
    #[serde(rename_all = "lowercase")]
    #[strum(serialize_all = "lowercase")]
    pub enum DefectKind {
        /// Augmented texture of the anomaly source: stains, foreign bodies.
        Textural,
        /// The image itself, augmented and cut in shuffled cells: misprints, misweaves, breaks.
        Structural,
        /// The image itself, blurred: rubbed or smeared places.
        Blurred,
        /// Textural or structural defect of opacity 0.15 to 0.7, both equally likely.
        Faint,
        /// A thin line that wanders: scratches, cracks, pulled threads.
        Scratch,
        /// One to three small ellipses: holes, pits, knots, drops.
        Spot,
        /// A wide soft shadow or light: stains, uneven coating, wear.
        Stain,
        /// Patch of CutPaste: a rectangle of the image, pasted elsewhere.
        Patch,
        /// Scar of CutPaste: a thin rotated strip of the image, pasted elsewhere.
        Scar,
    }
}

impl DefectKind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::Textural,
        Self::Structural,
        Self::Blurred,
        Self::Faint,
        Self::Scratch,
        Self::Spot,
        Self::Stain,
        Self::Patch,
        Self::Scar,
    ];

    /// Kinds of the paper, in equal parts.
    pub const PAPER: [Self; 3] = [Self::Textural, Self::Structural, Self::Blurred];

    /// Kinds that training contrasts with by default, in equal parts: those of the paper that are clearly visible. An image
    /// with a defect that hardly shows teaches that good images differ.
    pub const DEFAULT_MIX: [Self; 2] = [Self::Textural, Self::Structural];

    /// Tells whether the defect fades out beyond its mask. The mask holds the pixels with more than a quarter of its
    /// strength, and pixels just outside may change faintly.
    pub const fn has_soft_edges(self) -> bool {
        matches!(self, Self::Scratch | Self::Spot | Self::Stain)
    }
}
