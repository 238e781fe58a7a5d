//! Figures of a model on a data set, as `--json` writes them.

use std::collections::BTreeMap;

use cse::files::category_file::CategoryInfo;
use cse::scoring::verdict::Verdict;
use serde::{Deserialize, Serialize};

use super::Predicted;
use super::stress::{self, StressRow};
use crate::metrics::{self, PixelScores};
use crate::text_table::text_table;

/// False positive rate up to which AUPRO is integrated, as is usual for MVTec AD.
const AUPRO_LIMIT: f64 = 0.3;
/// Kind of photos without a defect.
pub const GOOD: &str = "good";

/// Figures of a model on a data set. A figure that the data does not allow is null.
#[derive(Debug, Serialize, Deserialize)]
pub struct Figures {
    /// Name of the category.
    pub model: String,
    /// Architecture and id of the extractor.
    pub extractor: String,
    /// Number of test photos.
    pub images: usize,
    /// AUROC of the image scores.
    pub image_auroc: Option<f64>,
    /// 95 % interval of the image AUROC, by bootstrap over the photos.
    pub image_auroc_interval: Option<(f64, f64)>,
    /// Average precision of the image scores.
    pub average_precision: Option<f64>,
    /// F1 score of the image scores at the best threshold for these photos.
    pub f1_max: Option<f64>,
    /// Threshold of `f1_max`.
    pub f1_max_threshold: Option<f32>,
    /// Highest true positive rate with a false positive rate of at most 2 %. None in files of an earlier program.
    #[serde(default)]
    pub tpr_at_2_fpr: Option<f64>,
    /// Highest true positive rate with a false positive rate of at most 5 %. None in files of an earlier program.
    #[serde(default)]
    pub tpr_at_5_fpr: Option<f64>,
    /// AUROC of the anomaly maps, over all pixels of good photos and of photos with a mask.
    pub pixel_auroc: Option<f64>,
    /// Average precision over the same pixels.
    pub pixel_average_precision: Option<f64>,
    /// Best F1 score over the same pixels.
    pub pixel_f1_max: Option<f64>,
    /// Area under the per-region overlap over the same pixels.
    pub aupro: Option<f64>,
    /// Threshold of the model. A photo with a higher score is labelled as defective.
    pub threshold: f32,
    /// Share of the good photos that are labelled as defective.
    pub false_positive_rate: f64,
    /// Share of the defective photos that are labelled as defective.
    pub true_positive_rate: f64,
    /// Share of the good photos that are unlike the good training photos as a whole. None in files of an earlier program.
    #[serde(default)]
    pub good_unlike: Option<f64>,
    /// Share of the defective photos not taken for good that are unlike the good training photos as a whole. None in files
    /// of an earlier program, or without such photos.
    #[serde(default)]
    pub defective_unlike: Option<f64>,
    /// Median time from a decoded photo to its score, seconds. None where features were there already.
    pub seconds: Option<f64>,
    /// Figures of each kind of defect against all good photos.
    pub per_kind: BTreeMap<String, KindFigures>,
    /// Photos that cannot be read. No figure counts them.
    #[serde(default)]
    pub unreadable: Vec<String>,
    /// Verdicts under variations of how the photos were taken, with `--stress`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stress: Vec<StressRow>,
    /// Score of each photo, in the order of the names. Files of many runs may leave them out.
    #[serde(default)]
    pub scores: Vec<PhotoScore>,
}

/// Figures of one kind of defect.
#[derive(Debug, Serialize, Deserialize)]
pub struct KindFigures {
    /// Number of photos with that defect.
    pub images: usize,
    /// Image AUROC against all good photos.
    pub image_auroc: Option<f64>,
    /// Share of the photos with that defect that are labelled as defective.
    pub true_positive_rate: f64,
}

/// Label and score of a photo, from which all image figures can be computed again.
#[derive(Debug, Serialize, Deserialize)]
pub struct PhotoScore {
    /// Path of the photo below the data set's folder.
    pub photo: String,
    /// Kind of defect, or `good`.
    pub kind: String,
    /// Anomaly score.
    pub score: f32,
    /// Verdict at the model's own threshold. None in files of earlier versions.
    #[serde(default)]
    pub verdict: Option<Verdict>,
}

/// Share of `values` that are true, 0 to 1. None without a value.
pub(super) fn share(values: impl Iterator<Item = bool>) -> Option<f64> {
    let (count, yes) = values.fold((0u32, 0u32), |(count, yes), value| (count + 1, yes + u32::from(value)));
    (count > 0).then(|| f64::from(yes) / f64::from(count))
}

impl PhotoScore {
    /// Tells whether the photo is not taken for good, at the model's own `threshold`.
    pub fn is_called(&self, threshold: f32) -> bool {
        self.verdict.map_or(self.score > threshold, Verdict::is_called)
    }

    /// Tells whether the photo is defective.
    pub fn defective(&self) -> bool {
        self.kind != GOOD
    }
}

impl Figures {
    /// Scores of all photos, and true for each defective photo.
    pub fn labelled(&self) -> (Vec<f32>, Vec<bool>) {
        self.scores.iter().map(|photo| (photo.score, photo.defective())).unzip()
    }

    /// Computes all figures from the predictions of the test photos.
    pub(super) fn new(info: &CategoryInfo, predicted: &[Predicted], pixels: PixelScores) -> Self {
        let threshold = info.threshold.value;
        let photo = |photo: &Predicted| PhotoScore {
            photo: photo.name.clone(),
            kind: photo.sample.defect.clone().unwrap_or_else(|| GOOD.into()),
            score: photo.seen.prediction.score,
            verdict: Some(Verdict::new(&photo.seen.prediction, threshold)),
        };
        let photos: Vec<PhotoScore> = predicted.iter().map(photo).collect();
        let of = |wanted: &dyn Fn(&PhotoScore) -> bool| -> (Vec<f32>, Vec<bool>) {
            photos.iter().filter(|photo| wanted(photo)).map(|photo| (photo.score, photo.defective())).unzip()
        };
        let called = |wanted: &dyn Fn(&PhotoScore) -> bool| {
            share(photos.iter().filter(|photo| wanted(photo)).map(|photo| photo.is_called(threshold))).unwrap_or(0.0)
        };
        let mut per_kind = BTreeMap::new();
        for kind in photos.iter().filter(|photo| photo.defective()).map(|photo| &photo.kind) {
            per_kind.entry(kind.clone()).or_insert_with(|| {
                let (scores, defective) = of(&|photo| !photo.defective() || photo.kind == *kind);
                KindFigures {
                    images: defective.iter().filter(|defective| **defective).count(),
                    image_auroc: metrics::roc_auc(&scores, &defective),
                    true_positive_rate: called(&|photo| photo.kind == *kind),
                }
            });
        }
        let (scores, defective) = of(&|_| true);
        let f1 = metrics::f1_max(&scores, &defective);
        let pixel = pixels.metrics(AUPRO_LIMIT);
        let unlike = |photo: &PhotoScore| photo.verdict == Some(Verdict::Unlike);
        let (bad, good): (Vec<&PhotoScore>, Vec<&PhotoScore>) = photos.iter().partition(|photo| photo.defective());
        Self {
            model: info.name.clone(),
            extractor: format!("{} {}", info.extractor_architecture, info.extractor_id),
            images: photos.len(),
            image_auroc: metrics::roc_auc(&scores, &defective),
            image_auroc_interval: metrics::bootstrap_interval(&scores, &defective, 0, 1000),
            average_precision: metrics::average_precision(&scores, &defective),
            f1_max: f1.as_ref().map(|f1| f1.f1),
            f1_max_threshold: f1.as_ref().map(|f1| f1.threshold),
            tpr_at_2_fpr: metrics::tpr_at_fpr(&scores, &defective, 0.02),
            tpr_at_5_fpr: metrics::tpr_at_fpr(&scores, &defective, 0.05),
            pixel_auroc: pixel.as_ref().map(|pixel| pixel.roc_auc),
            pixel_average_precision: pixel.as_ref().map(|pixel| pixel.average_precision),
            pixel_f1_max: pixel.as_ref().map(|pixel| pixel.f1_max.f1),
            aupro: pixel.as_ref().map(|pixel| pixel.aupro),
            threshold,
            false_positive_rate: called(&|photo| !photo.defective()),
            true_positive_rate: called(&PhotoScore::defective),
            good_unlike: share(good.into_iter().map(unlike)),
            defective_unlike: share(bad.into_iter().filter(|photo| photo.is_called(threshold)).map(unlike)),
            seconds: median(predicted.iter().filter_map(|photo| photo.seen.seconds).collect()),
            per_kind,
            unreadable: Vec::new(),
            stress: Vec::new(),
            scores: photos,
        }
    }

    /// Prints the figures as a table for a terminal.
    pub fn print(&self) {
        let figure = |value: Option<f64>| value.map_or_else(|| "-".into(), |value| format!("{value:.4}"));
        println!("{} on {}, {} photos", self.model, self.extractor, self.images);
        let interval = self
            .image_auroc_interval
            .map_or_else(String::new, |(low, high)| format!("  (95 % interval {low:.3} to {high:.3})"));
        println!("  image AUROC        {}{interval}", figure(self.image_auroc));
        println!("  average precision  {}", figure(self.average_precision));
        println!("  F1 max             {}", figure(self.f1_max));
        println!("  TPR at 2 % FPR     {}", figure(self.tpr_at_2_fpr));
        println!("  TPR at 5 % FPR     {}", figure(self.tpr_at_5_fpr));
        println!("  pixel AUROC        {}", figure(self.pixel_auroc));
        println!("  pixel AP           {}", figure(self.pixel_average_precision));
        println!("  pixel F1 max       {}", figure(self.pixel_f1_max));
        println!("  AUPRO (30 %)       {}", figure(self.aupro));
        if let Some(seconds) = self.seconds {
            println!("  ms a photo         {:.1} (median)", 1000.0 * seconds);
        }
        println!(
            "  at threshold {:.4}: true positive rate {:.1} %, false positive rate {:.1} %",
            self.threshold,
            100.0 * self.true_positive_rate,
            100.0 * self.false_positive_rate
        );
        let percent = |share: Option<f64>| 100.0 * share.unwrap_or(0.0);
        println!(
            "  unlike the good photos as a whole: {:.1} % of the good photos, {:.1} % of the defective ones that are not taken for good",
            percent(self.good_unlike),
            percent(self.defective_unlike)
        );
        if !self.unreadable.is_empty() {
            println!("  photos that cannot be read and are left out: {}", self.unreadable.len());
        }
        let rows = self.per_kind.iter().map(|(kind, row)| {
            let tpr = format!("{:.1}", 100.0 * row.true_positive_rate);
            [kind.clone(), row.images.to_string(), figure(row.image_auroc), tpr]
        });
        println!("\n{}", text_table(["kind", "photos", "image AUROC", "TPR, %"], rows, 1));
        if !self.stress.is_empty() {
            println!();
            stress::print(&self.stress);
        }
    }
}

/// Median: the middle value, or the mean of the two middle values.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let n = values.len();
    (n > 0).then(|| f64::midpoint(values[(n - 1) / 2], values[n / 2]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(vec![9.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0, 2.0, 9.0]), Some(3.0));
        assert_eq!(median(vec![]), None);
    }
}
