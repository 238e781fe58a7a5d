//! Stress: the verdicts on the test photos if they had been taken a little differently.

use cse::image::variation::Variation;
use cse::scoring::verdict::Verdict;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::EvalError;
use super::figures::share;
use crate::dataset::Dataset;
use crate::files;
use crate::metrics;
use crate::model::Model;
use crate::progress;
use crate::text_table::text_table;
use crate::trained_on;

/// Variations of the table. The first of each kind is slight, and the second is the limit that a model should bear.
pub const VARIATIONS: [Variation; 10] = [
    Variation::Light(0.8),
    Variation::Light(0.9),
    Variation::Light(1.1),
    Variation::Light(1.2),
    Variation::Jpeg(80),
    Variation::Jpeg(50),
    Variation::Scale(1.1),
    Variation::Scale(1.25),
    Variation::Blur(0.5),
    Variation::Blur(1.0),
];

/// Verdicts on all test photos under one variation.
#[derive(Debug, Serialize, Deserialize)]
pub struct StressRow {
    /// Name of the variation, with its strength. `as they are` for none.
    pub variation: String,
    /// Share of the good photos that are labelled as defective or unlike.
    pub false_positive_rate: Option<f64>,
    /// Share of the good photos that are unlike the good training photos as a whole.
    pub unlike: Option<f64>,
    /// Share of the defective photos that are labelled as defective or unlike.
    pub true_positive_rate: Option<f64>,
    /// AUROC of the image scores.
    pub image_auroc: Option<f64>,
}

/// Answer on a test photo.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    /// Anomaly score.
    pub score: f32,
    /// Verdict.
    pub verdict: Verdict,
    /// True for a photo with a defect.
    pub defective: bool,
}

impl StressRow {
    /// Row of the answers on all test photos under one variation. None for the photos as they are.
    pub fn new(variation: Option<Variation>, answers: &[Answer]) -> Self {
        let of = |wanted: bool, is: fn(Verdict) -> bool| {
            share(answers.iter().filter(|answer| answer.defective == wanted).map(|answer| is(answer.verdict)))
        };
        let (scores, defective): (Vec<f32>, Vec<bool>) =
            answers.iter().map(|answer| (answer.score, answer.defective)).unzip();
        Self {
            variation: variation.map_or_else(|| "as they are".to_owned(), |variation| variation.to_string()),
            false_positive_rate: of(false, Verdict::is_called),
            unlike: of(false, |verdict| verdict == Verdict::Unlike),
            true_positive_rate: of(true, Verdict::is_called),
            image_auroc: metrics::roc_auc(&scores, &defective),
        }
    }
}

/// Rows of the photos as they are and of all variations. Photos that the model was trained on are left out.
pub fn rows(model: &Model, dataset: &Dataset) -> Result<Vec<StressRow>, EvalError> {
    let info = &model.category.info;
    let changes: Vec<Option<Variation>> = std::iter::once(None).chain(VARIATIONS.map(Some)).collect();
    let bar = progress::bar((dataset.test.len() * changes.len()) as u64, "stress", "photos");
    let mut answers: Vec<Vec<Answer>> = changes.iter().map(|_| Vec::new()).collect();
    for sample in &dataset.test {
        let bytes = files::read(&sample.photo)?;
        if trained_on::is_among(info, &Sha256::digest(&bytes).into()) {
            bar.inc(changes.len() as u64);
            continue;
        }
        let photo = files::decode_photo(&sample.photo, &bytes, &info.reading())?;
        for (change, answers) in changes.iter().zip(&mut answers) {
            let changed = change.map(|change| change.of(&photo, info.view));
            let prediction = model.predict(changed.as_ref().unwrap_or(&photo));
            let prediction = prediction.map_err(|source| EvalError::Predict { path: sample.photo.clone(), source })?;
            let verdict = Verdict::new(&prediction, info.threshold.value);
            answers.push(Answer { score: prediction.score, verdict, defective: sample.defect.is_some() });
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    Ok(changes.iter().zip(&answers).map(|(change, answers)| StressRow::new(*change, answers)).collect())
}

/// Prints the rows as a table for a terminal.
pub fn print(rows: &[StressRow]) {
    let percent = |share: Option<f64>| share.map_or_else(|| "-".into(), |share| format!("{:.1}", 100.0 * share));
    let rows = rows.iter().map(|row| {
        let auroc = row.image_auroc.map_or_else(|| "-".into(), |auroc| format!("{auroc:.4}"));
        [
            row.variation.clone(),
            percent(row.false_positive_rate),
            percent(row.unlike),
            percent(row.true_positive_rate),
            auroc,
        ]
    });
    println!("{}", text_table(["test photos", "FPR, %", "good ones unlike, %", "TPR, %", "image AUROC"], rows, 1));
}
