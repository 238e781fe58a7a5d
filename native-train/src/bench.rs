//! `bench`: how long the methods of the paper's Table 3 take for one photo, on this machine.

use std::path::PathBuf;
use std::time::Instant;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use cse::comparison::Contender;
use cse::comparison::contestant::{self, Contestant, Step, Weight};
use cse::files::model_file::ModelFileError;
use cse::image::preprocess::INPUT_SIDE;
use cse::network::tally::Tally;
use cse::scoring::prediction::PredictError;
use futures_lite::future::block_on;
use serde::Serialize;

use crate::devices::{self, DeviceChoice, DeviceError};
use crate::files::{self, FileError};
use crate::progress;
use crate::text_table::text_table;

/// Settings of `bench`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Rows to measure, separated by commas. Without it, all
    #[arg(long, value_name = "ROW", value_delimiter = ',', value_parser = rows())]
    pub rows: Vec<Contender>,
    /// Photos of each row that count, after two that do not
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub runs: u32,
    /// File to write every run to, as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Where to compute
    #[arg(long, value_enum, default_value = "auto")]
    pub device: DeviceChoice,
}

/// Why nothing can be measured.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The device cannot be used.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// The file cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A network cannot be built.
    #[error("the row {row} cannot be built: {source}")]
    Build {
        /// The row.
        row: Contender,
        /// Error of its tensors.
        source: ModelFileError,
    },
    /// A network fails.
    #[error("the row {row} cannot be measured: {source}")]
    Run {
        /// The row.
        row: Contender,
        /// Error of the device.
        source: PredictError,
    },
}

/// Runs of a row that do not count, after the cold one: kernels may still be chosen in them.
const WARM_UP: u32 = 1;

/// Times of one photo, milliseconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Milliseconds {
    input: f64,
    backbone: f64,
    method: f64,
}

impl Milliseconds {
    fn total(self) -> f64 {
        self.input + self.backbone + self.method
    }
}

/// Measured row, with every run.
#[derive(Debug, Serialize)]
struct Row {
    row: Contender,
    method: &'static str,
    backbone: &'static str,
    #[serde(flatten)]
    weight: Weight,
    multiply_adds: u64,
    /// First photo, milliseconds. It does not include making the random weights.
    cold: f64,
    runs: Vec<Milliseconds>,
}

/// What was measured, and on what.
#[derive(Debug, Serialize)]
struct Measured {
    program: &'static str,
    device: String,
    threads: usize,
    /// Side of the window, pixels.
    input: u32,
    rows: Vec<Row>,
}

fn rows() -> impl TypedValueParser<Value = Contender> {
    let value = |row: Contender| PossibleValue::new(<&str>::from(row));
    PossibleValuesParser::new(Contender::ALL.map(value)).try_map(|name| name.parse::<Contender>())
}

/// Measures the rows and prints a table.
pub fn run(args: &Args) -> Result<(), BenchError> {
    args.json.as_deref().map(files::check_place).transpose()?;
    let chosen = devices::choose(args.device)?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    eprintln!("Device: {}, {threads} processor threads", chosen.reason);
    let rows = if args.rows.is_empty() { Contender::ALL.to_vec() } else { args.rows.clone() };
    let bar = progress::bar((rows.len() as u32 * (1 + WARM_UP + args.runs)).into(), "measuring", "photos");
    let measure = |row| {
        bar.set_message(format!("({row})"));
        measure(row, args.runs, &chosen.device, || bar.inc(1))
    };
    let rows = rows.into_iter().map(measure).collect::<Result<Vec<_>, _>>()?;
    bar.finish_and_clear();
    print!("{}", table(&rows));
    if let Some(path) = &args.json {
        let program = concat!("native-train ", env!("CARGO_PKG_VERSION"));
        let measured = Measured { program, device: chosen.reason, threads, input: INPUT_SIDE, rows };
        let text = serde_json::to_string_pretty(&measured).expect("numbers and text");
        files::write_whole(path, text.as_bytes())?;
    }
    Ok(())
}

fn measure(row: Contender, runs: u32, device: &burn::tensor::Device, done: impl Fn()) -> Result<Row, BenchError> {
    let contestant = Contestant::new(row, device).map_err(|source| BenchError::Build { row, source })?;
    block_on(contestant.ready()).map_err(|error| BenchError::Run { row, source: error.into() })?;
    let run = |tally: &Tally| {
        let (mut times, mut last) = (Milliseconds::default(), Instant::now());
        let mut finished = |step| {
            let time = match step {
                Step::Input => &mut times.input,
                Step::Backbone => &mut times.backbone,
                Step::Method => &mut times.method,
            };
            *time = 1e3 * std::mem::replace(&mut last, Instant::now()).elapsed().as_secs_f64();
        };
        block_on(contestant.run(contestant::pattern(), tally, &mut finished))
            .map_err(|source| BenchError::Run { row, source })?;
        done();
        Ok::<_, BenchError>(times)
    };
    let tally = Tally::default();
    let cold = run(&tally)?.total();
    (0..WARM_UP).try_for_each(|_| run(&Tally::default()).map(drop))?;
    let runs = (0..runs).map(|_| run(&Tally::default())).collect::<Result<_, _>>()?;
    let (method, backbone) = (row.method(), row.backbone());
    Ok(Row { row, method, backbone, weight: contestant.weight(), multiply_adds: tally.multiply_adds(), cold, runs })
}

/// Quartile `quarter` of values, by the nearest rank.
fn quartile(mut values: Vec<f64>, quarter: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get((quarter / 4.0 * (values.len() as f64 - 1.0)).round() as usize).copied().unwrap_or(f64::NAN)
}

fn table(rows: &[Row]) -> String {
    let header = [
        "method",
        "backbone",
        "ms",
        "middle half",
        "backbone ms",
        "method ms",
        "cold ms",
        "photos/s",
        "M weights",
        "M stored",
        "G multiply-adds",
        "GFLOP/s",
        "paper ms",
    ];
    let cells = rows.iter().map(|row| {
        let of =
            |part: fn(Milliseconds) -> f64, quarter| quartile(row.runs.iter().map(|run| part(*run)).collect(), quarter);
        let total = |quarter| of(Milliseconds::total, quarter);
        let multiply_adds = row.multiply_adds as f64 / 1e9;
        [
            row.method.to_owned(),
            row.backbone.to_owned(),
            format!("{:.1}", total(2.0)),
            format!("{:.1} to {:.1}", total(1.0), total(3.0)),
            format!("{:.1}", of(|run| run.backbone, 2.0)),
            format!("{:.1}", of(|run| run.method, 2.0)),
            format!("{:.0}", row.cold),
            format!("{:.1}", 1e3 / total(2.0)),
            format!("{:.1}", row.weight.parameters as f64 / 1e6),
            format!("{:.1}", row.weight.stored as f64 / 1e6),
            format!("{multiply_adds:.2}"),
            format!("{:.0}", 2e3 * multiply_adds / total(2.0)),
            row.row.paper_milliseconds().map_or("–".into(), |time| time.to_string()),
        ]
    });
    text_table(header, cells, 2) + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_are_by_the_nearest_rank() {
        let values = vec![5.0, 1.0, 4.0, 2.0, 3.0];
        assert_eq!([1.0, 2.0, 3.0].map(|quarter| quartile(values.clone(), quarter)), [2.0, 3.0, 4.0]);
        assert_eq!(quartile(vec![7.0], 3.0), 7.0);
    }
}
