//! Presets: the settings of the paper, of its released code, and those with the best results.

use std::collections::BTreeMap;

use serde_json::Value;

use super::knobs;
use super::losses::Grouping;
use super::spec::{BatchNormTraining, Centre, DecoderTraining, Length, MapSource, Preset, TrainSpec, ViewChoice};
use crate::defects::{Generator, Mix};
use crate::detectors::method::Method;
use crate::image::exposure::Exposure;
use crate::image::variation::Tolerance;
use crate::network::taps::Taps;
use crate::scoring::aggregation::Aggregation;

/// All settings of a preset.
pub fn spec(preset: Preset) -> TrainSpec {
    match preset {
        Preset::Default => default(),
        Preset::Quick => quick(),
        Preset::Paper => paper(),
        Preset::Released => released(),
    }
}

fn paper() -> TrainSpec {
    TrainSpec {
        preset: Preset::Paper,
        seed: 0,
        method: Method::Cse,
        view: ViewChoice::Auto,
        exposure: Exposure::Own,
        tolerance: Tolerance::NONE,
        windows: 300,
        taps: Taps::Both,
        defects: Mix::Generator(Generator::Paper),
        defects_per_image: Some(8),
        length: Length::Epochs(100),
        batch_size: 8,
        max_lr: 4e-3,
        grouping: Grouping::Position,
        contrast_weight: 10.0,
        decoder_weight: 1.0,
        decoder: DecoderTraining::Frozen,
        density_weight: 0.0,
        map: MapSource::Embedders,
        batch_norm: BatchNormTraining::Always,
        standardise: false,
        members: 1,
        clusters: 1,
        centre: Centre::Mean,
        coreset: 0.1,
        aggregation: Aggregation::Mean,
        normal_range: false,
        smoothing_sigma: 0.0,
        val_split_ratio: 0.3,
        false_positive_rate: 0.03,
    }
}

fn released() -> TrainSpec {
    TrainSpec {
        preset: Preset::Released,
        grouping: Grouping::Rows,
        batch_norm: BatchNormTraining::FirstEpoch,
        length: Length::Epochs(50),
        centre: Centre::Nearest,
        val_split_ratio: 0.2,
        ..paper()
    }
}

/// Embedders and density have equal say. A heavier density is no better on twenty photos of magnetic tile, and worse on all.
fn default() -> TrainSpec {
    TrainSpec {
        preset: Preset::Default,
        exposure: Exposure::Equal,
        defects: Mix::Generator(Generator::Default),
        grouping: Grouping::Rows,
        contrast_weight: 1.0,
        density_weight: 1.0,
        map: MapSource::Density,
        length: Length::Auto,
        max_lr: 4e-4,
        aggregation: Aggregation::Max,
        normal_range: true,
        smoothing_sigma: 0.13,
        members: 3,
        val_split_ratio: 1.0 / 3.0,
        defects_per_image: None,
        ..paper()
    }
}

/// Defects are the most expensive part of a training on few photos. On twenty photos of magnetic tile, 4 for each photo rank
/// as well as 16.
fn quick() -> TrainSpec {
    TrainSpec { preset: Preset::Quick, defects_per_image: Some(4), ..default() }
}

/// Settings of `own` that differ from its preset's, by name. The seed is left out, and what the method does not have.
pub(super) fn changes(own: &TrainSpec) -> BTreeMap<String, String> {
    let start = TrainSpec { seed: own.seed, ..spec(own.preset) };
    let fields = |spec: &TrainSpec| match serde_json::to_value(spec) {
        Ok(Value::Object(fields)) => fields,
        other => unreachable!("a spec is a JSON object, and not {other:?}"),
    };
    let start = fields(&start);
    let changed = fields(own).into_iter().filter(|(name, value)| start.get(name) != Some(value));
    let has = |name: &str| knobs::knob(name).is_none_or(|knob| knob.scope.check(own.method, knob.name).is_ok());
    changed.map(|(name, value)| knob(name, value)).filter(|(name, _)| has(name)).collect()
}

/// Name and text of the knob that sets a field to `value`. A field with several knobs is an object that names one.
fn knob(field: String, value: Value) -> (String, String) {
    match value {
        Value::Object(named) if named.len() == 1 => {
            let (name, value) = named.into_iter().next().unwrap_or((field, Value::Null));
            knob(name, value)
        }
        Value::Array(list) => {
            let texts: Vec<String> = list.into_iter().map(|value| knob(String::new(), value).1).collect();
            (field.replace('_', "-"), texts.join(","))
        }
        Value::String(text) => (field.replace('_', "-"), text),
        other => (field.replace('_', "-"), other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_name_what_differs_from_the_preset() {
        let given = [("members", "2"), ("taps", "stage7"), ("epochs", "9"), ("clusters", "4"), ("kinds", "spot,stain")];
        let own = TrainSpec::given(Preset::Default, &given).unwrap();
        let own = TrainSpec { seed: 7, ..own };
        let expected = given.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(changes(&own), BTreeMap::from(expected));
        let patchcore = TrainSpec::given(Preset::Default, &[("method", "patchcore"), ("coreset", "0.01")]).unwrap();
        let names: Vec<String> = changes(&patchcore).into_keys().collect();
        assert_eq!(names, ["coreset", "method"]);
    }
}
