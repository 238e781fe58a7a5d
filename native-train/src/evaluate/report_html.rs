//! `--report`: all figures with charts and pictures as one web page without scripts or other files.
//!
//! Names of files and texts of a model file are untrusted input. `maud` escapes every text in the markup, and the page's
//! content security policy forbids everything that the page does not need.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cse::files::category_file::{CategoryInfo, LossPoint};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::charts::{self, percent, photos};
use super::figures::{Figures, GOOD, PhotoScore};
use super::gallery::{Gallery, Picture};

const STYLE: &str = include_str!("report.css");
const POLICY: &str = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

/// Data set and model of an evaluation.
pub struct About {
    /// Name of the data set.
    data: String,
    /// False positive rate that the model states for its threshold.
    false_positive_rate: f64,
    /// Scores of the good photos that this rate was estimated from.
    normal_scores: Vec<f32>,
    /// Scores of held-out photos with a synthetic defect. Empty for a method without training.
    synthetic_scores: Vec<f32>,
    /// Number of test photos that the model was trained on.
    trained_on: usize,
    /// Settings of the model, by name.
    settings: Vec<(&'static str, String)>,
    /// Losses of each member over its training.
    losses: Vec<Vec<LossPoint>>,
}

impl About {
    /// Describes the evaluation of a model on the data set `data`. The model was trained on `trained_on` of its test
    /// photos.
    pub fn new(info: &CategoryInfo, data: &str, trained_on: usize) -> Self {
        let range = if info.rule.normal_range.is_some() { ", in units of the normal range" } else { "" };
        Self {
            data: data.into(),
            false_positive_rate: info.threshold.false_positive_rate.into(),
            normal_scores: info.threshold.normal_scores.clone(),
            synthetic_scores: info.threshold.synthetic_scores.clone(),
            trained_on,
            settings: vec![
                ("View", info.view.to_string()),
                ("Exposure", info.exposure.to_string()),
                ("Method", info.method.to_string()),
                ("Feature maps", info.taps.to_string()),
                ("Score", format!("{} over positions{range}", info.rule.aggregation)),
                ("Smoothing", format!("{:.0} % of a window's side", 100.0 * info.rule.smoothing_sigma)),
                ("Members", info.members.to_string()),
                ("Density", if info.rule.density_weight.is_some() { "of stage 7" } else { "none" }.into()),
                ("Map", if info.density_map { "density of stage 5" } else { "distances of the score" }.into()),
                ("Clusters", info.clusters.to_string()),
                ("Training", info.provenance.to_string()),
            ],
            losses: info.losses.clone(),
        }
    }
}

/// Renders the page.
pub fn page(about: &About, figures: &Figures, gallery: &Gallery) -> String {
    let title = format!("{} on {}", figures.model, about.data);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "Evaluation: " (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    header {
                        p.kicker { "Evaluation of a surface inspection model" }
                        h1 { (title) }
                        @if about.trained_on > 0 {
                            p.note {
                                "The model was trained on " (about.trained_on) " of the test photos: it is not as good as these figures."
                            }
                        }
                    }
                    (headline(about, figures))
                    section.charts aria-label="Charts" { (curves(about, figures)) }
                    (kinds(figures))
                    (stress(figures))
                    (pictures(
                        "Good photos with the highest scores",
                        "False positives, or the first ones at a lower threshold.",
                        &gallery.false_positives,
                        figures,
                    ))
                    (pictures(
                        "Defective photos with the lowest scores",
                        "False negatives, or the first ones at a higher threshold.",
                        &gallery.false_negatives,
                        figures,
                    ))
                    (pictures("Defective photos with the highest scores", "The clearest true positives.", &gallery.true_positives, figures))
                    (further(figures))
                    (settings(about, figures))
                }
            }
        }
    }
    .into_string()
}

fn figure(value: Option<f64>) -> String {
    value.map_or_else(|| "–".into(), |value| format!("{value:.3}"))
}

fn headline(about: &About, figures: &Figures) -> Markup {
    let interval = figures.image_auroc_interval;
    html! {
        section.tiles aria-label="Headline figures" {
            (tile("Image AUROC", &figure(figures.image_auroc), &interval.map_or_else(String::new, |(low, high)| {
                format!("95 % interval {low:.3} to {high:.3}")
            })))
            (tile("True positive rate", &percent(figures.true_positive_rate), &format!(
                "defective photos not taken for good at the model's threshold, {:.3}", figures.threshold
            )))
            (tile("False positive rate", &percent(figures.false_positive_rate), &format!(
                "good photos not taken for good; {} above the threshold in the training, from {}",
                percent(about.false_positive_rate),
                photos(about.normal_scores.len()),
            )))
            (tile("AUPRO", &figure(figures.aupro), if figures.aupro.is_some() {
                "overlap of anomaly maps and masks, up to a false positive rate of 30 %"
            } else {
                "needs masks, which this data does not have"
            }))
        }
    }
}

fn tile(name: &str, value: &str, note: &str) -> Markup {
    html! {
        div.tile {
            h2 { (name) }
            p.value { (value) }
            @if !note.is_empty() { p.note { (note) } }
        }
    }
}

fn curves(about: &About, figures: &Figures) -> Markup {
    let (scores, defective) = figures.labelled();
    let point = (figures.false_positive_rate, figures.true_positive_rate);
    html! {
        figure {
            figcaption {
                h2 { "ROC curve" }
                p.note { "True positive rate against false positive rate over all thresholds. The dot is the model's threshold." }
            }
            (charts::roc(&scores, &defective, point))
        }
        figure {
            figcaption {
                h2 { "Scores" }
                p.note { "Scores of good and defective photos. Photos right of the line are labelled as defective." }
            }
            (charts::histogram(&scores, &defective, figures.threshold))
        }
        @if !about.synthetic_scores.is_empty() {
            figure {
                figcaption {
                    h2 { "Threshold" }
                    p.note { "Share of photos above each threshold, of those that the training held out: good photos as they are, and with synthetic defects. Real defects are harder to detect." }
                }
                (charts::shares(&about.normal_scores, &about.synthetic_scores, figures.threshold))
            }
        }
        @if about.losses.iter().any(|losses| !losses.is_empty()) {
            figure {
                figcaption {
                    h2 { "Training" }
                    p.note { "Losses of each member over its training. A loss that rises again on held-out photos is a sign of overfitting." }
                }
                (charts::losses(&about.losses))
            }
        }
    }
}

fn stress(figures: &Figures) -> Markup {
    let share = |share: Option<f64>| share.map_or_else(|| "–".into(), percent);
    html! {
        @if !figures.stress.is_empty() {
            section aria-labelledby="stress" {
                h2 #stress { "Variations" }
                p.note { "The test photos as if they had been taken a little differently." }
                div.wide tabindex="0" role="region" aria-labelledby="stress" {
                    table {
                        thead {
                            tr {
                                th scope="col" { "Test photos" }
                                th scope="col" { "False positive rate" }
                                th scope="col" { "Good photos that are unlike" }
                                th scope="col" { "True positive rate" }
                                th scope="col" { "Image AUROC" }
                            }
                        }
                        tbody {
                            @for row in &figures.stress {
                                tr {
                                    th scope="row" { (row.variation) }
                                    td { (share(row.false_positive_rate)) }
                                    td { (share(row.unlike)) }
                                    td { (share(row.true_positive_rate)) }
                                    td { (figure(row.image_auroc)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn kinds(figures: &Figures) -> Markup {
    let good = figures.scores.iter().filter(|photo| !photo.defective()).count();
    let all = figures.images - good;
    html! {
        section aria-labelledby="kinds" {
            h2 #kinds { "Kinds of defect" }
            div.wide tabindex="0" role="region" aria-labelledby="kinds" {
                table {
                    thead {
                        tr {
                            th scope="col" { "Kind" }
                            th.number scope="col" { "Photos" }
                            th.number scope="col" { "Image AUROC" }
                            th.number scope="col" { "Labelled defective" }
                        }
                    }
                    tbody {
                        @for (kind, row) in &figures.per_kind {
                            (kind_row(kind, row.images, row.image_auroc, row.true_positive_rate))
                        }
                    }
                    tfoot {
                        (kind_row("all defective", all, figures.image_auroc, figures.true_positive_rate))
                        (kind_row(GOOD, good, None, figures.false_positive_rate))
                    }
                }
            }
        }
    }
}

fn kind_row(kind: &str, images: usize, auroc: Option<f64>, labelled: f64) -> Markup {
    html! {
        tr {
            th scope="row" { (kind) }
            td.number { (images) }
            td.number { (figure(auroc)) }
            td.number { (percent(labelled)) }
        }
    }
}

fn pictures(title: &str, note: &str, pictures: &[Picture], figures: &Figures) -> Markup {
    let outlined = pictures.iter().any(|picture| picture.outline.is_some());
    let shown =
        if outlined { "Photo, heatmap and the outline of the mask, if there is one." } else { "Photo and heatmap." };
    html! {
        @if !pictures.is_empty() {
            section {
                h2 { (title) }
                p.note { (note) " " (shown) }
                ul.gallery.outlined[outlined] {
                    @for picture in pictures { (example(picture, &figures.scores[picture.index], figures.threshold)) }
                }
            }
        }
    }
}

fn example(picture: &Picture, photo: &PhotoScore, threshold: f32) -> Markup {
    let called = photo.is_called(threshold);
    let (outcome, class) = match (photo.defective(), called) {
        (true, true) => ("true positive", "right"),
        (true, false) => ("false negative", "wrong"),
        (false, true) => ("false positive", "wrong"),
        (false, false) => ("true negative", "right"),
    };
    let name = &photo.photo;
    html! {
        li {
            figure {
                div.pictures {
                    (image(picture, &picture.photo, &format!("Photo {name}")))
                    (image(picture, &picture.heatmap, &format!("Heatmap over {name}")))
                    @if let Some(outline) = &picture.outline {
                        (image(picture, outline, &format!("{name} with the outline of its mask")))
                    }
                }
                figcaption {
                    span.score { (format!("{:.3}", photo.score)) } " "
                    span class=(class) { (outcome) } " · " span { (photo.kind) }
                    span.file { (name) }
                }
            }
        }
    }
}

fn image(picture: &Picture, jpeg: &[u8], alt: &str) -> Markup {
    let (width, height) = picture.size;
    html! { img src=(format!("data:image/jpeg;base64,{}", STANDARD.encode(jpeg))) width=(width) height=(height) alt=(alt); }
}

fn further(figures: &Figures) -> Markup {
    let f1 = match (figures.f1_max, figures.f1_max_threshold) {
        (Some(f1), Some(threshold)) => format!("{f1:.3}, at threshold {threshold:.3}"),
        _ => "–".into(),
    };
    html! {
        section {
            h2 { "Further figures" }
            table.pairs {
                tbody {
                    (pair("Average precision", &figure(figures.average_precision)))
                    (pair("Best F1 score", &f1))
                    (pair("True positive rate at 2 % false positive rate", &figures.tpr_at_2_fpr.map_or_else(|| "–".into(), percent)))
                    (pair("True positive rate at 5 % false positive rate", &figures.tpr_at_5_fpr.map_or_else(|| "–".into(), percent)))
                    (pair("Pixel AUROC", &figure(figures.pixel_auroc)))
                    (pair("Pixel average precision", &figure(figures.pixel_average_precision)))
                    (pair("Pixel best F1 score", &figure(figures.pixel_f1_max)))
                    @if let Some(seconds) = figures.seconds {
                        (pair("Time for a photo", &format!("{:.1} ms (median, without reading the file)", 1000.0 * seconds)))
                    }
                }
            }
        }
    }
}

fn settings(about: &About, figures: &Figures) -> Markup {
    let good = figures.scores.iter().filter(|photo| !photo.defective()).count();
    let data = format!("{}: {good} good and {} defective photos", about.data, figures.images - good);
    html! {
        section {
            h2 { "Model and data" }
            table.pairs {
                tbody {
                    (pair("Model", &figures.model))
                    (pair("Extractor", &figures.extractor))
                    (pair("Data", &data))
                    @for (name, value) in &about.settings { (pair(name, value)) }
                    (pair("Evaluation", concat!(
                        "native-train ", env!("CARGO_PKG_VERSION"),
                        "; interval by 1,000 bootstrap samples of the photos, seed 0"
                    )))
                }
            }
        }
    }
}

fn pair(name: &str, value: &str) -> Markup {
    html! { tr { th scope="row" { (name) } td { (value) } } }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::figures::KindFigures;
    use super::super::stress::StressRow;
    use super::*;

    const HOSTILE: &str = "\"><script>alert('x')</script>&amp;";

    fn example_page(name: &str) -> String {
        let about = About {
            data: name.into(),
            false_positive_rate: 0.1,
            normal_scores: vec![0.1, 0.2],
            synthetic_scores: vec![0.3, 0.9],
            trained_on: 0,
            settings: vec![("Training", name.into())],
            losses: vec![vec![LossPoint { step: 5, training: 1.2, validation: 1.3 }]],
        };
        let photo = |kind: &str, score| PhotoScore {
            photo: format!("{kind}/{name}.png"),
            kind: kind.into(),
            score,
            verdict: None,
        };
        let kind = KindFigures { images: 1, image_auroc: Some(1.0), true_positive_rate: 1.0 };
        let figures = Figures {
            model: name.into(),
            extractor: name.into(),
            images: 2,
            image_auroc: Some(1.0),
            image_auroc_interval: Some((0.9, 1.0)),
            average_precision: Some(1.0),
            f1_max: Some(1.0),
            f1_max_threshold: Some(0.8),
            tpr_at_2_fpr: Some(1.0),
            tpr_at_5_fpr: Some(1.0),
            pixel_auroc: None,
            pixel_average_precision: None,
            pixel_f1_max: None,
            aupro: None,
            threshold: 0.5,
            false_positive_rate: 0.0,
            true_positive_rate: 1.0,
            good_unlike: Some(0.0),
            defective_unlike: Some(0.0),
            seconds: Some(0.07),
            per_kind: BTreeMap::from([(name.to_owned(), kind)]),
            unreadable: vec![],
            stress: vec![StressRow {
                variation: name.into(),
                false_positive_rate: Some(0.1),
                unlike: Some(0.0),
                true_positive_rate: Some(1.0),
                image_auroc: Some(0.9),
            }],
            scores: vec![photo(GOOD, 0.2), photo(name, 0.8)],
        };
        let picture = |index| Picture { index, size: (2, 1), photo: vec![1], heatmap: vec![2], outline: Some(vec![3]) };
        let gallery =
            Gallery { false_positives: vec![picture(0)], false_negatives: vec![picture(1)], true_positives: vec![] };
        page(&about, &figures, &gallery)
    }

    #[test]
    fn names_stay_text() {
        let page = example_page(HOSTILE);
        assert!(!page.contains("<script"));
        // The name is in the title, a heading, table cells, captions and alternative texts.
        assert!(page.matches("&quot;&gt;&lt;script&gt;alert('x')&lt;/script&gt;&amp;amp;").count() > 10);
        for structural in ['<', '>', '"'] {
            assert_eq!(page.matches(structural).count(), example_page("plain").matches(structural).count());
        }
    }

    #[test]
    fn the_page_needs_no_other_file_and_suits_a_screen_reader() {
        let page = example_page("plain");
        for absent in ["http://", "https://", "src=\"/", "url(", "<script", "<link"] {
            assert!(!page.contains(absent), "{absent}");
        }
        assert_eq!(page.matches("<img ").count(), page.matches(" alt=\"").count());
        assert_eq!(page.matches("<th ").count() + page.matches("<th>").count(), page.matches(" scope=\"").count());
        assert_eq!(page.matches("<svg ").count(), page.matches("role=\"img\"").count());
        assert!(page.contains("95 % interval 0.900 to 1.000") && page.contains("prefers-color-scheme: dark"));
    }
}
