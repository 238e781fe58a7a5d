//! `tables`: prints the results of `compare` as tables in Markdown.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use comfy_table::{CellAlignment, Table, presets};
use serde::{Deserialize, Serialize};

use crate::evaluate::Figures;
use crate::files::{self, FileError};
use crate::photos_plot;

/// Settings of `tables`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Files that `compare --json` wrote. Each becomes a chapter with the names of its folder and the file
    #[arg(required = true, value_name = "FILE")]
    pub measured: Vec<PathBuf>,

    /// SVG file to draw image AUROC and true positive rate over the number of good photos to, instead of printing tables
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,
}

/// Why no table can be printed.
#[derive(Debug, thiserror::Error)]
pub enum TablesError {
    /// A file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A line is not a result of `compare`.
    #[error("{path}, line {line}: `compare --json` did not write this ({source})", path = .path.display())]
    Line {
        /// Path of the file.
        path: PathBuf,
        /// Line number, from 1.
        line: usize,
        /// Error of the parser.
        source: serde_json::Error,
    },
}

/// Settings of a fit with its figures: a line of `compare --json`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Run {
    /// Options of `train`. Empty for the defaults.
    pub settings: String,
    /// Number of good photos, if they were drawn at random. None for all of them.
    #[serde(default)]
    pub photos: Option<usize>,
    /// Number of the random draw, from 0.
    #[serde(default)]
    pub subset: Option<u64>,
    /// Seed of all random choices.
    pub seed: u64,
    /// Time of the fit without the features, seconds. Members that several settings share count in each of them.
    pub fit_seconds: f64,
    /// Figures on the test photos.
    pub figures: Figures,
    /// Share of the photos of other materials that are labelled as unlike the good photos, by the name of their folder.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unlike: BTreeMap<String, f64>,
}

/// Prints a chapter for each file.
pub fn run(args: &Args) -> Result<(), TablesError> {
    if let Some(path) = &args.plot {
        let runs = args.measured.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;
        let runs: Vec<Run> = runs.into_iter().flatten().collect();
        return Ok(files::write_whole(path, photos_plot::svg(&runs).as_bytes())?);
    }
    let chapters = args.measured.iter().map(|path| chapter(path)).collect::<Result<String, _>>()?;
    print!("{chapters}");
    Ok(())
}

fn chapter(path: &Path) -> Result<String, TablesError> {
    let parts = [path.parent().and_then(Path::file_name), path.file_stem()];
    let names: Vec<String> = parts.into_iter().flatten().map(|part| part.to_string_lossy().replace('-', " ")).collect();
    let runs = read(path)?;
    let of = |run: &Run| format!("{} test photos, extractor {}", run.figures.images, run.figures.extractor);
    let measured: BTreeSet<String> = runs.iter().map(of).collect();
    let measured = Vec::from_iter(measured).join("; ");
    Ok(format!("\n## {}\n\n{measured}\n\n{}", names.join(", "), markdown(&runs)))
}

fn read(path: &Path) -> Result<Vec<Run>, TablesError> {
    let text = files::read(path)?;
    let lines = text.split(|byte| *byte == b'\n').enumerate().filter(|(_, line)| !line.is_empty());
    let parse = |(index, line): (usize, &[u8])| {
        serde_json::from_slice(line).map_err(|source| TablesError::Line {
            path: path.to_owned(),
            line: index + 1,
            source,
        })
    };
    lines.map(parse).collect()
}

/// Column of a table: a figure of a run.
struct Column {
    head: &'static str,
    figure: fn(&Run) -> Option<f64>,
    digits: usize,
}

const COLUMNS: [Column; 9] = [
    Column { head: "image AUROC", figure: |run| run.figures.image_auroc, digits: 3 },
    Column { head: "TPR at 2 % FPR", figure: |run| run.figures.tpr_at_2_fpr, digits: 3 },
    Column { head: "TPR at 5 % FPR", figure: |run| run.figures.tpr_at_5_fpr, digits: 3 },
    Column { head: "AP", figure: |run| run.figures.average_precision, digits: 3 },
    Column { head: "F1 max", figure: |run| run.figures.f1_max, digits: 3 },
    Column { head: "pixel AUROC", figure: |run| run.figures.pixel_auroc, digits: 3 },
    Column { head: "AUPRO", figure: |run| run.figures.aupro, digits: 3 },
    Column { head: "FPR, %", figure: |run| Some(100.0 * run.figures.false_positive_rate), digits: 1 },
    Column { head: "TPR, %", figure: |run| Some(100.0 * run.figures.true_positive_rate), digits: 1 },
];

/// Tables in Markdown with a row for each of the settings and each number of photos, in the order of their first lines. A
/// cell has the mean over the runs, with minimum and maximum. If there are several kinds of defect, a second table has the
/// image AUROC of each kind.
pub fn markdown(runs: &[Run]) -> String {
    let way = |run: &Run| (run.settings.clone(), run.photos);
    let mut ways: Vec<(String, Option<usize>)> = Vec::new();
    for way in runs.iter().map(way) {
        if !ways.contains(&way) {
            ways.push(way);
        }
    }
    let table = |heads: Vec<&str>, row: &dyn Fn(&[&Run]) -> Vec<String>| {
        let mut table = Table::new();
        table.load_preset(presets::ASCII_MARKDOWN).set_header(std::iter::once("").chain(heads));
        for (settings, photos) in &ways {
            let runs: Vec<&Run> =
                runs.iter().filter(|run| run.settings == *settings && run.photos == *photos).collect();
            let name = if settings.is_empty() { "the default".to_owned() } else { format!("`{settings}`") };
            let name = photos.map_or_else(|| name.clone(), |photos| format!("{name}, {photos} photos"));
            table.add_row(std::iter::once(name).chain(row(&runs)));
        }
        table.column_iter_mut().skip(1).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
        format!("{}\n", table.trim_fmt())
    };
    let heads = std::iter::once("runs").chain(COLUMNS.iter().map(|column| column.head)).collect();
    let mut tables = table(heads, &|runs| {
        let of = |column: &Column| cell(runs.iter().filter_map(|run| (column.figure)(run)), column.digits);
        std::iter::once(runs.len().to_string()).chain(COLUMNS.iter().map(of)).collect()
    });
    let kinds: BTreeSet<&str> = runs.iter().flat_map(|run| run.figures.per_kind.keys()).map(String::as_str).collect();
    if kinds.len() > 1 {
        tables += "\nImage AUROC of each kind of defect:\n\n";
        tables += &table(kinds.iter().copied().collect(), &|runs| {
            let of = |kind: &&str| cell(runs.iter().filter_map(|run| run.figures.per_kind.get(*kind)?.image_auroc), 3);
            kinds.iter().map(of).collect()
        });
    }
    let first = runs.first().map(|run| &run.figures.stress[..]).unwrap_or_default();
    let variations: Vec<&str> = first.iter().map(|row| row.variation.as_str()).collect();
    if !variations.is_empty() {
        tables += "\nFalse positive rate in %, of the test photos as they are and under variations:\n\n";
        let heads = std::iter::once("as they are").chain(variations.iter().copied()).collect();
        tables += &table(heads, &|runs| {
            let of = |variation: &&str| {
                let rows =
                    runs.iter().filter_map(|run| run.figures.stress.iter().find(|row| row.variation == **variation));
                cell(rows.filter_map(|row| Some(100.0 * row.false_positive_rate?)), 1)
            };
            let plain = cell(runs.iter().map(|run| 100.0 * run.figures.false_positive_rate), 1);
            std::iter::once(plain).chain(variations.iter().map(of)).collect()
        });
    }
    let materials: BTreeSet<&str> = runs.iter().flat_map(|run| run.unlike.keys()).map(String::as_str).collect();
    if !materials.is_empty() {
        tables += "\nShare of photos in % that are labelled as unlike the good photos. Defective ones that are taken for good do not \
                   count. After the test photos stand photos of other materials:\n\n";
        let heads = ["good", "defective"].into_iter().chain(materials.iter().copied()).collect();
        tables += &table(heads, &|runs| {
            let percent =
                |of: &dyn Fn(&&Run) -> Option<f64>| cell(runs.iter().filter_map(|run| Some(100.0 * of(run)?)), 1);
            let own = [percent(&|run| run.figures.good_unlike), percent(&|run| run.figures.defective_unlike)];
            let others = materials.iter().map(|material| percent(&|run| run.unlike.get(*material).copied()));
            own.into_iter().chain(others).collect()
        });
    }
    tables
}

/// Formats the mean, and the minimum and maximum where they differ.
fn cell(values: impl Iterator<Item = f64>, digits: usize) -> String {
    let Some(spread) = Spread::of(values) else { return "-".into() };
    let [mean, least, most] = [spread.mean, spread.least, spread.most].map(|value| format!("{value:.digits$}"));
    if least == most { mean } else { format!("{mean} ({least} to {most})") }
}

/// Mean of a figure over runs, with minimum and maximum.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    /// Mean.
    pub mean: f64,
    /// Smallest value.
    pub least: f64,
    /// Largest value.
    pub most: f64,
}

impl Spread {
    /// Spread of `values`. None without a value.
    pub fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        let values: Vec<f64> = values.collect();
        let least = values.iter().copied().reduce(f64::min)?;
        let most = values.iter().copied().reduce(f64::max)?;
        Some(Self { mean: values.iter().sum::<f64>() / values.len() as f64, least, most })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: [&str; 3] = [
        r#"{"settings":"","seed":0,"fit_seconds":7.4,"figures":{"model":"cloth","extractor":"efficientnet_b0 1","images":9,"image_auroc":0.75,"image_auroc_interval":null,"average_precision":0.5,"f1_max":0.5,"f1_max_threshold":0.5,"tpr_at_2_fpr":0.25,"tpr_at_5_fpr":0.5,"pixel_auroc":null,"pixel_average_precision":null,"pixel_f1_max":null,"aupro":null,"threshold":1.0,"false_positive_rate":0.25,"true_positive_rate":0.5,"seconds":null,"per_kind":{"hole":{"images":4,"image_auroc":0.5,"true_positive_rate":0.5},"stain":{"images":4,"image_auroc":1.0,"true_positive_rate":0.5}}}}"#,
        "",
        "{}",
    ];

    #[test]
    fn a_line_names_what_is_wrong_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        std::fs::write(&path, LINES.join("\n")).unwrap();
        let error = chapter(&path).unwrap_err().to_string();
        assert!(error.contains("a.jsonl, line 3") && error.contains("settings"), "{error}");
    }

    #[test]
    fn seeds_become_a_mean_with_minimum_and_maximum() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one-cloth.jsonl");
        let other =
            LINES[0].replace(r#""seed":0"#, r#""seed":1"#).replace(r#""image_auroc":0.75"#, r#""image_auroc":0.8"#);
        std::fs::write(&path, [LINES[0], &other].join("\n")).unwrap();
        let text = chapter(&path).unwrap();
        let row = text.lines().find(|line| line.contains("the default")).unwrap();
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        assert_eq!(cells[2..6], ["2", "0.775 (0.750 to 0.800)", "0.250", "0.500"]);
        assert_eq!(cells[8..12], ["-", "-", "25.0", "50.0"], "{text}");
        assert!(text.contains(", one cloth\n\n9 test photos") && text.contains("stain"), "{text}");
    }

    #[test]
    fn the_tables_in_the_readme_are_those_of_the_measurements() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("figures");
        let readme = std::fs::read_to_string(folder.join("README.md")).unwrap();
        let within = |folder: &Path| {
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect::<BTreeSet<_>>()
        };
        let sets = within(&folder).into_iter().filter(|path| path.is_dir());
        let measured: Vec<PathBuf> = sets.flat_map(|set| within(&set)).collect();
        assert!(!measured.is_empty());
        let chapters = measured.iter().map(|path| chapter(path).unwrap()).collect::<String>();
        assert!(
            readme.ends_with(&chapters),
            "replace the tables by the output of native-train tables native-train/figures/*/*.jsonl"
        );
    }
}
