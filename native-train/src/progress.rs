//! Progress bars: what is being done, how far, how fast, and how long it will take.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar over `length` things called `unit`; it shows nothing where standard error is no terminal.
pub fn bar(length: u64, what: &str, unit: &str) -> ProgressBar {
    let template = format!("{{prefix:>14}} [{{bar:28}}] {{pos}}/{{len}} {unit}, {{per_sec}}, {{eta}} left {{msg}}");
    let bar = ProgressBar::new(length).with_prefix(what.to_owned());
    match ProgressStyle::with_template(&template) {
        Ok(style) => bar.with_style(style.progress_chars("=> ")),
        Err(_) => bar,
    }
}
