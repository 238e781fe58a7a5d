//! Provenance of a category model: its data and its settings, as text for a user.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Provenance of a category model. Displays as one line.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// Program that trained it, with its version.
    pub program: String,
    /// Number of good photos.
    pub photos: usize,
    /// Number of photos that each member held out.
    pub held_out: Vec<usize>,
    /// Step whose weights each member kept. Empty for a method without training.
    pub kept_steps: Vec<usize>,
    /// Preset that the settings started from.
    pub preset: String,
    /// Settings that differ from the preset, by their names on the command line.
    pub settings: BTreeMap<String, String>,
    /// Seed of everything random.
    pub seed: u64,
}

impl Provenance {
    /// Number of bytes of all texts together.
    pub(crate) fn length(&self) -> usize {
        let settings = self.settings.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
        self.program.len() + self.preset.len() + settings
    }
}

impl fmt::Display for Provenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { program, photos, held_out, kept_steps, preset, settings, seed } = self;
        let list = |numbers: &[usize]| numbers.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
        write!(f, "{program}, {photos} good photos, of which {} were held out", list(held_out))?;
        if !kept_steps.is_empty() {
            write!(f, "; kept steps {}", list(kept_steps))?;
        }
        write!(f, "; preset {preset}")?;
        for (name, value) in settings {
            write!(f, ", {name} {value}")?;
        }
        write!(f, "; seed {seed}")
    }
}
