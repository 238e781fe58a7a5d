//! Knobs: settings as texts, for a command line or a form.

use std::str::FromStr;

use strum::{EnumMessage, IntoEnumIterator};

use super::losses::Grouping;
use super::presets;
use super::spec::{BatchNormTraining, Centre, DecoderTraining, KNOBS, MapSource, Preset, TrainSpec, ViewChoice};
use crate::defects::{DefectKind, Generator};
use crate::detectors::method::Method;
use crate::image::exposure::Exposure;
use crate::image::variation::Tolerance;
use crate::network::backbone::Backbone;
use crate::network::taps::Taps;
use crate::scoring::aggregation::Aggregation;

/// One setting of a [`TrainSpec`] as a user gives it.
pub struct Knob {
    /// Name, such as `batch-size`.
    pub name: &'static str,
    /// Help text of one line.
    pub help: &'static str,
    /// Methods that have the setting.
    pub scope: Scope,
    /// Range of a number.
    pub limits: Limits,
    /// Values to choose from. Empty for numbers and free text.
    pub choices: fn() -> Vec<Choice>,
    /// Sets the field from a text, or says which texts are allowed.
    pub set: fn(&mut TrainSpec, &str) -> Result<(), String>,
}

/// Methods that have a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every method.
    Any,
    /// Methods whose embedders are trained.
    Training,
    /// The method with a bank.
    Bank,
    /// Methods whose score rule is not that of a paper on ResNets.
    Rule,
    /// PatchCore.
    Coreset,
}

impl Scope {
    /// An error with the setting's `name` where `method` does not have it.
    pub fn check(self, method: Method, name: &'static str) -> Result<(), SpecError> {
        let (has, error) = match self {
            Self::Any => return Ok(()),
            Self::Training => (method.is_trained(), SpecError::NotTrained(name)),
            Self::Bank => (method == Method::Cse, SpecError::NoBank(name)),
            Self::Rule => (!method.is_of_res_net(), SpecError::Fixed(name)),
            Self::Coreset => (method == Method::Patchcore, SpecError::NoCoreset(name)),
        };
        if has { Ok(()) } else { Err(error) }
    }
}

/// Range of a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Limits {
    /// No limit.
    None,
    /// At least the first and at most the second.
    Between(f64, f64),
    /// Above the first and below the second.
    Inside(f64, f64),
    /// At least this.
    AtLeast(f64),
    /// Above this.
    Above(f64),
}

impl Limits {
    /// The value, or a sentence with the range where it lies outside.
    pub fn check<T: Value>(self, value: T) -> Result<T, String> {
        let Some(number) = value.number() else { return Ok(value) };
        let (fine, range) = match self {
            Self::None => (true, String::new()),
            Self::Between(least, most) => ((least..=most).contains(&number), format!("from {least} to {most}")),
            Self::Inside(least, most) => (number > least && number < most, format!("between {least} and {most}")),
            Self::AtLeast(least) => (number >= least, format!("of {least} or more")),
            Self::Above(least) => (number > least, format!("above {least}")),
        };
        if fine && number.is_finite() { Ok(value) } else { Err(format!("give a number {range}")) }
    }
}

/// One of the values of a setting, with its help text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Name of the value.
    pub name: &'static str,
    /// Help text. Empty where the name says it all.
    pub help: &'static str,
}

/// Value that is given as a text.
pub trait Value: Sized {
    /// Values to choose from. Empty for numbers and free text.
    fn choices() -> Vec<Choice> {
        Vec::new()
    }

    /// The value of a text, or a sentence on which texts are allowed.
    fn parse(text: &str) -> Result<Self, String>;

    /// The value as a number, for its limits.
    fn number(&self) -> Option<f64> {
        None
    }
}

macro_rules! numbers {
    ($($type:ty: $what:literal),+) => {$(
        impl Value for $type {
            fn parse(text: &str) -> Result<Self, String> {
                text.parse().map_err(|_| format!("give {}", $what))
            }

            fn number(&self) -> Option<f64> {
                Some(*self as f64)
            }
        }
    )+};
}
numbers!(u32: "a whole number", u64: "a whole number", f32: "a number", f64: "a number");

macro_rules! choice_values {
    ($($type:ty),+) => {$(
        impl Value for $type {
            fn choices() -> Vec<Choice> {
                named::<Self>()
            }

            fn parse(text: &str) -> Result<Self, String> {
                chosen(text)
            }
        }
    )+};
}
choice_values!(
    Aggregation,
    BatchNormTraining,
    Centre,
    DecoderTraining,
    DefectKind,
    Exposure,
    Generator,
    Grouping,
    MapSource,
    Method,
    Preset,
    Taps,
    ViewChoice
);

fn named<T: IntoEnumIterator + Into<&'static str> + EnumMessage>() -> Vec<Choice> {
    let choice = |value: T| Choice { help: value.get_documentation().unwrap_or_default(), name: value.into() };
    T::iter().map(choice).collect()
}

fn chosen<T: FromStr + IntoEnumIterator + Into<&'static str> + EnumMessage>(text: &str) -> Result<T, String> {
    let names = || named::<T>().into_iter().map(|choice| choice.name).collect::<Vec<_>>().join(", ");
    text.parse().map_err(|_| format!("give one of {}", names()))
}

impl Value for bool {
    fn choices() -> Vec<Choice> {
        ["true", "false"].map(|name| Choice { name, help: "" }).to_vec()
    }

    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| "give true or false".into())
    }
}

impl Value for Tolerance {
    fn parse(text: &str) -> Result<Self, String> {
        text.parse()
    }
}

impl Value for Vec<DefectKind> {
    fn parse(text: &str) -> Result<Self, String> {
        text.split(',').map(DefectKind::parse).collect()
    }
}

/// A setting and its text, as a user gives it.
pub type Given<'a> = (&'a str, &'a str);

/// Why settings make no training.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// There is no setting of this name.
    #[error("there is no setting {0}")]
    Unknown(String),
    /// A value that the setting cannot have.
    #[error("{value} is no value of --{name}: {allowed}")]
    Value {
        /// Name of the setting.
        name: &'static str,
        /// Text of the value.
        value: String,
        /// Texts that are allowed.
        allowed: String,
    },
    /// A setting of the training, for a method that has none.
    #[error("--{0} is a setting of a training, and the chosen method is not trained: leave it out")]
    NotTrained(&'static str),
    /// A setting of the bank, for a method that has none.
    #[error("--{0} is a setting of the bank, and the chosen method has no bank: leave it out")]
    NoBank(&'static str),
    /// A setting that the chosen method's paper fixes.
    #[error("--{0} is fixed for the chosen method, as in its paper: leave it out")]
    Fixed(&'static str),
    /// A setting of PatchCore, for another method.
    #[error("--{0} is a setting of --method patchcore: leave it out")]
    NoCoreset(&'static str),
    /// A method and an extractor that do not fit.
    #[error(
        "--method {0} does not work with the extractor {1}: patchcore and padim need a ResNet, and all other methods an EfficientNet"
    )]
    Extractor(Method, Backbone),
    /// Two knobs of the same setting.
    #[error("--{0} and --{1} exclude each other: leave one of them out")]
    Both(&'static str, &'static str),
}

/// Knobs of the same setting.
const EXCLUSIVE: [(&str, &str); 2] = [("steps", "epochs"), ("generator", "kinds")];

/// Knob of a name.
pub fn knob(name: &str) -> Option<&'static Knob> {
    KNOBS.iter().find(|knob| knob.name == name)
}

impl TrainSpec {
    /// Settings of a preset, changed by those that a user gives.
    ///
    /// # Errors
    /// A setting is unknown, has another range, or does not belong to the chosen method.
    pub fn given(preset: Preset, given: &[Given<'_>]) -> Result<Self, SpecError> {
        let mut spec = presets::spec(preset);
        let known = |(name, value): &Given<'_>| match knob(name) {
            Some(knob) => Ok((knob, (*value).to_owned())),
            None => Err(SpecError::Unknown((*name).to_owned())),
        };
        let given = given.iter().map(known).collect::<Result<Vec<_>, _>>()?;
        let is_given = |name: &str| given.iter().any(|(knob, _)| knob.name == name);
        if let Some((one, other)) = EXCLUSIVE.into_iter().find(|(one, other)| is_given(one) && is_given(other)) {
            return Err(SpecError::Both(one, other));
        }
        let set = |spec: &mut Self, (knob, value): &(&Knob, String)| {
            let error = |allowed| SpecError::Value { name: knob.name, value: value.clone(), allowed };
            (knob.set)(spec, value).map_err(error)
        };
        // The method comes first, because defaults follow from it.
        for given in given.iter().filter(|(knob, _)| knob.name == "method") {
            set(&mut spec, given)?;
        }
        if !spec.method.is_trained() {
            // On both maps the many channels of `stage7` would outweigh `stage5`.
            spec.taps = Taps::Stage5;
        }
        if spec.method.is_of_res_net() {
            (spec.aggregation, spec.normal_range, spec.smoothing_sigma) = (Aggregation::Max, false, 0.0);
        }
        for given in &given {
            set(&mut spec, given)?;
            given.0.scope.check(spec.method, given.0.name)?;
        }
        Ok(spec)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(words: &str) -> Result<TrainSpec, SpecError> {
        let words: Vec<&str> = words.split_whitespace().collect();
        let pairs: Vec<Given<'_>> = words.chunks(2).map(|pair| (pair[0], pair[1])).collect();
        TrainSpec::given(Preset::Default, &pairs)
    }

    #[test]
    fn a_given_setting_comes_before_the_preset() {
        let of = |spec: TrainSpec| (spec.density_weight, spec.clusters, spec.members);
        assert_eq!(of(given("").unwrap()), (1.0, 1, 3));
        assert_eq!(of(given("density-weight 0.5 clusters 3").unwrap()), (0.5, 3, 3));
    }

    #[test]
    fn a_wrong_value_is_refused_with_what_is_allowed() {
        let refused = |words: &str| given(words).unwrap_err().to_string();
        assert_eq!(refused("members 17"), "17 is no value of --members: give a number from 1 to 16");
        assert_eq!(refused("max-lr NaN"), "NaN is no value of --max-lr: give a number above 0");
        assert!(refused("val-split-ratio 1").contains("between 0 and 1"));
        assert!(refused("taps f1").contains("stage5, stage7, both"));
        assert!(refused("clusters 65").contains("from 1 to 64"));
        assert_eq!(refused("method gaussian steps 3"), SpecError::NotTrained("steps").to_string());
        assert_eq!(refused("method classifier clusters 3"), SpecError::NoBank("clusters").to_string());
        assert_eq!(refused("method padim taps both"), SpecError::Fixed("taps").to_string());
        assert_eq!(refused("coreset 0.1"), SpecError::NoCoreset("coreset").to_string());
        assert_eq!(refused("steps 3 epochs 2"), SpecError::Both("steps", "epochs").to_string());
    }

    #[test]
    fn every_choice_has_a_name_and_a_help_text() {
        for knob in KNOBS {
            let choices = (knob.choices)();
            let mut spec = presets::spec(Preset::Default);
            for choice in &choices {
                assert_eq!((knob.set)(&mut spec, choice.name), Ok(()), "{} {}", knob.name, choice.name);
                assert!(
                    !choice.help.is_empty() || choice.name.parse::<bool>().is_ok(),
                    "{} {}",
                    knob.name,
                    choice.name
                );
            }
        }
    }
}
