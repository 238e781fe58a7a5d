//! Progress bars with the name of the work, its progress, its speed and the time left.

use indicatif::{ProgressBar, ProgressStyle};

/// Bar over `length` items called `unit`. It is hidden where standard error is not a terminal.
pub fn bar(length: u64, what: &str, unit: &str) -> ProgressBar {
    let template = format!("{{prefix:>14}} [{{bar:28}}] {{pos}}/{{len}} {unit}, {{per_sec}}, {{eta}} left {{msg}}");
    let bar = ProgressBar::new(length).with_prefix(what.to_owned());
    match ProgressStyle::with_template(&template) {
        Ok(style) => bar.with_style(style.progress_chars("=> ")),
        Err(_) => bar,
    }
}
