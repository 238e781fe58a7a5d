//! Training settings on a command line, derived from [`cse::training::spec::KNOBS`].

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Arg, ArgMatches, Command, FromArgMatches};
use cse::training::knobs::{Choice, Given, Knob, SpecError, Value};
use cse::training::spec::{KNOBS, Preset, TrainSpec};

/// Preset, and the settings that a user gives.
#[derive(Clone, Debug, Default)]
pub struct KnobArgs {
    /// Preset that the settings start from.
    pub preset: Preset,
    /// Name and text of each setting that is given.
    given: Vec<(&'static str, String)>,
}

/// Name of the preset's option.
const PRESET: &str = "preset";

impl KnobArgs {
    /// Settings of a training.
    pub fn spec(&self) -> Result<TrainSpec, SpecError> {
        let given: Vec<Given<'_>> = self.given.iter().map(|(name, value)| (*name, value.as_str())).collect();
        TrainSpec::given(self.preset, &given)
    }

    /// Whether a setting is given.
    pub fn has(&self, name: &str) -> bool {
        self.given.iter().any(|(given, _)| *given == name)
    }
}

/// Values of a choice, with their help texts.
fn possible(choices: Vec<Choice>) -> PossibleValuesParser {
    let value = |Choice { name, help }: Choice| {
        let value = PossibleValue::new(name);
        if help.is_empty() { value } else { value.help(help) }
    };
    PossibleValuesParser::new(choices.into_iter().map(value))
}

/// A parser of the names of a choice.
pub fn choice<T: Value + Clone + Send + Sync + 'static>() -> impl TypedValueParser<Value = T> {
    possible(T::choices()).try_map(|name| T::parse(&name))
}

impl clap::Args for KnobArgs {
    fn augment_args(command: Command) -> Command {
        let preset = Arg::new(PRESET)
            .long(PRESET)
            .help("Where the settings start: the paper, its released code and our own measurements differ")
            .value_name("PRESET")
            .default_value("default")
            .value_parser(possible(Preset::choices()));
        let arg = |knob: &'static Knob| {
            let arg = Arg::new(knob.name).long(knob.name).help(knob.help);
            let choices = (knob.choices)();
            if choices.is_empty() { arg.allow_hyphen_values(true) } else { arg.value_parser(possible(choices)) }
        };
        command.arg(preset).args(KNOBS.iter().map(arg))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for KnobArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut args = Self::default();
        args.update_from_arg_matches(matches)?;
        Ok(args)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        let wrong = |text: String| clap::Error::raw(clap::error::ErrorKind::InvalidValue, text);
        if let Some(preset) = matches.get_one::<String>(PRESET) {
            self.preset = Preset::parse(preset).map_err(wrong)?;
        }
        let value = |name: &'static str| Some((name, matches.get_one::<String>(name)?.clone()));
        self.given = KNOBS.iter().filter_map(|knob| value(knob.name)).collect();
        Ok(())
    }
}
