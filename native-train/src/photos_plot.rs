//! `tables --plot`: figures over the number of good photos to train on, as an SVG picture.

use std::collections::BTreeSet;

use maud::{Markup, PreEscaped, html};

use crate::tables::{Run, Spread};

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 300.0;
/// Width of a panel, without the numbers of its axis.
const PANEL: f64 = 300.0;
const TOP: f64 = 34.0;
const TALL: f64 = 196.0;
const COLOURS: [&str; 4] = ["#2563eb", "#d97706", "#059669", "#7c3aed"];
const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#475569}.title{font-weight:600;fill:#1e293b}.grid{stroke:#e2e8f0}\
    polyline{fill:none;stroke-width:2.5}.band{opacity:.14}";

/// Panel: the share that it shows, 0 to 1, and the least share on its axis.
struct Panel {
    title: &'static str,
    figure: fn(&Run) -> Option<f64>,
    least: f64,
}

const PANELS: [Panel; 2] = [
    Panel { title: "Image AUROC", figure: |run| run.figures.image_auroc, least: 0.5 },
    Panel {
        title: "True positive rate at the model's threshold",
        figure: |run| Some(run.figures.true_positive_rate),
        least: 0.0,
    },
];

/// Draws a line for each of the settings: means over the runs, in a band from minimum to maximum. Numbers of photos are
/// evenly spaced, and all photos come last.
pub fn svg(runs: &[Run]) -> String {
    let mut settings: Vec<&str> = Vec::new();
    for run in runs {
        if !settings.contains(&run.settings.as_str()) {
            settings.push(&run.settings);
        }
    }
    let numbers: BTreeSet<usize> = runs.iter().map(|run| run.photos.unwrap_or(usize::MAX)).collect();
    let numbers: Vec<usize> = numbers.into_iter().collect();
    let panels = PANELS.iter().enumerate().map(|(index, panel)| (56.0 + 380.0 * index as f64, panel));
    let picture = html! {
        svg xmlns="http://www.w3.org/2000/svg" viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" {
            title { "Image AUROC and true positive rate over the number of good photos to train on" }
            style { (PreEscaped(STYLE)) }
            rect width=(WIDTH) height=(HEIGHT) fill="#fff" {}
            @for (left, panel) in panels { (drawn(panel, left, runs, &settings, &numbers)) }
            @for (index, settings) in settings.iter().enumerate() {
                @let x = 56.0 + 300.0 * index as f64;
                line x1=(x) x2=(x + 24.0) y1="284" y2="284" stroke=(COLOURS[index % COLOURS.len()]) stroke-width="2.5" {}
                text x=(x + 32.0) y="288" { (if settings.is_empty() { "the default" } else { settings }) }
            }
        }
    };
    picture.into_string() + "\n"
}

fn drawn(panel: &Panel, left: f64, runs: &[Run], settings: &[&str], numbers: &[usize]) -> Markup {
    let x = |index: usize| left + PANEL * (index as f64 + 0.5) / numbers.len() as f64;
    let y = |share: f64| TOP + TALL * (1.0 - share) / (1.0 - panel.least);
    let spreads = |settings: &str| -> Vec<(f64, Spread)> {
        let at = |(index, number): (usize, &usize)| {
            let own = runs.iter().filter(|run| run.settings == settings && run.photos.unwrap_or(usize::MAX) == *number);
            Some((x(index), Spread::of(own.filter_map(panel.figure))?))
        };
        numbers.iter().enumerate().filter_map(at).collect()
    };
    let points = |spreads: &[(f64, Spread)], of: fn(&Spread) -> f64| -> Vec<String> {
        spreads.iter().map(|(x, spread)| format!("{x:.1},{:.1}", y(of(spread)))).collect()
    };
    let ticks = (0..=5).map(|tick| panel.least + (1.0 - panel.least) * f64::from(tick) / 5.0);
    html! {
        text.title x=(left) y="18" { (panel.title) }
        @for tick in ticks {
            line.grid x1=(left) x2=(left + PANEL) y1=(format!("{:.1}", y(tick))) y2=(format!("{:.1}", y(tick))) {}
            text x=(left - 8.0) y=(format!("{:.1}", y(tick) + 4.5)) text-anchor="end" { (format!("{tick:.1}")) }
        }
        @for (index, number) in numbers.iter().enumerate() {
            text x=(format!("{:.1}", x(index))) y=(TOP + TALL + 20.0) text-anchor="middle" {
                (if *number == usize::MAX { "all".to_owned() } else { number.to_string() })
            }
        }
        @for (index, settings) in settings.iter().enumerate() {
            @let colour = COLOURS[index % COLOURS.len()];
            @let spreads = spreads(settings);
            @let low = points(&spreads, |spread| spread.least);
            @let high = points(&spreads, |spread| spread.most);
            @let band: Vec<String> = low.into_iter().chain(high.into_iter().rev()).collect();
            polygon.band fill=(colour) points=(band.join(" ")) {}
            polyline stroke=(colour) points=(points(&spreads, |spread| spread.mean).join(" ")) {}
        }
        text x=(left + PANEL / 2.0) y=(TOP + TALL + 38.0) text-anchor="middle" { "good photos to train on" }
    }
}
