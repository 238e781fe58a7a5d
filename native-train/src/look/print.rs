//! Prints the report on a terminal: tables for `data`, a few lines for other commands.

use std::collections::BTreeMap;

use super::lots;
use super::report::{Format, Report, few};
use crate::text_table::text_table;

/// Most formats in the few lines, and most sizes of one format that are listed one by one.
const NAMED: usize = 3;

impl Report {
    /// Prints a few lines, the warnings on standard error.
    pub fn print_short(&self) {
        println!("data        {}: {}", self.data, self.layout);
        println!("photos      {}", self.counts());
        println!("files       {}", self.files());
        self.warnings.iter().for_each(|warning| eprintln!("warning: {warning}"));
    }

    /// Prints everything as tables, with the warnings.
    pub fn print(&self) {
        println!("data        {}", self.data);
        println!("layout      {}", self.layout);
        println!("\n{}", self.photo_table());
        println!("\n{}", self.format_table());
        if !self.passed_over.is_empty() {
            println!("\n{}", self.passed_over_table());
        }
        if !self.lots.is_empty() {
            println!("\n{}", self.lot_table());
        }
        println!("\nmasks       {}", self.mask_counts());
        println!(
            "twice       {} identical, {} nearly identical across splits",
            self.identical.len(),
            self.near_identical.len()
        );
        if self.warnings.is_empty() && self.errors.is_empty() {
            println!("\nnothing looks like a mistake");
        }
        if !self.warnings.is_empty() {
            println!();
        }
        self.warnings.iter().for_each(|warning| println!("warning: {warning}"));
    }

    fn counts(&self) -> String {
        let mut splits: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for kind in self.photos.iter().rev() {
            splits.entry(kind.split).or_default().insert(0, format!("{} {}", kind.photos, kind.kind));
        }
        let splits: Vec<String> =
            splits.iter().rev().map(|(split, kinds)| format!("{split} {}", kinds.join(", "))).collect();
        format!("{}; {}", splits.join("; "), self.mask_counts())
    }

    fn mask_counts(&self) -> String {
        let masks = &self.masks;
        let mut text = match masks.matched + masks.missing.len() {
            0 => return "no defective photos to have masks".into(),
            defective => format!("masks for {} of {defective} defective photos", masks.matched),
        };
        let counts = [
            ("empty", masks.empty.len()),
            ("that mark most of the photo", masks.mostly_marked.len()),
            ("with more than two values, of which all but zero mark the defect", masks.several_values.len()),
            ("made of several files", masks.united.len()),
            ("of another size", masks.other_size.len()),
            ("unreadable", masks.unreadable.len()),
        ];
        counts
            .iter()
            .filter(|(_, count)| *count > 0)
            .for_each(|(what, count)| text.push_str(&format!(", {count} {what}")));
        text
    }

    fn files(&self) -> String {
        let name =
            |of: &Format| format!("{} {}, {}, {}, {}", of.photos, of.format, channels(of), of.samples, sizes(of));
        let mut text = self.formats.iter().take(NAMED).map(name).collect::<Vec<_>>().join("; ");
        if self.formats.len() > NAMED {
            text.push_str(&format!("; {} more formats", self.formats.len() - NAMED));
        }
        let passed: usize = self.passed_over.iter().map(|of| of.files.len()).sum();
        if passed > 0 {
            text.push_str(&format!("; {passed} files passed over"));
        }
        if !self.unreadable.is_empty() {
            text.push_str(&format!("; {} unreadable", self.unreadable.len()));
        }
        text
    }

    fn photo_table(&self) -> String {
        let rows = self.photos.iter().map(|kind| {
            let masks = if kind.split == "train" { "-".into() } else { kind.with_mask.to_string() };
            [kind.split.to_owned(), kind.kind.clone(), kind.photos.to_string(), masks]
        });
        text_table(["split", "kind", "photos", "with mask"], rows, 2)
    }

    fn format_table(&self) -> String {
        let row = |of: &Format| {
            [of.format.clone(), channels(of).into(), of.samples.clone(), sizes(of), of.photos.to_string()]
        };
        text_table(["format", "channels", "depth", "pixels", "photos"], self.formats.iter().map(row), 4)
    }

    fn passed_over_table(&self) -> String {
        let rows = self.passed_over.iter().map(|of| [of.reason.clone(), few(&of.files), of.files.len().to_string()]);
        text_table(["passed over", "such as", "files"], rows, 2)
    }

    fn lot_table(&self) -> String {
        let rows = self.lots.iter().map(|lot| {
            let side = |median: f64, photos: usize| format!("{median:.2} ({photos})");
            [
                format!("{} against {}", lot.first, lot.second),
                lots::name(lot.property).into(),
                side(lot.medians.0, lot.photos.0),
                side(lot.medians.1, lot.photos.1),
                format!("{:+.2}", lot.effect_size),
            ]
        });
        text_table(["lots", "property", "median (photos)", "median (photos)", "difference, std. dev."], rows, 2)
    }
}

fn channels(of: &Format) -> &'static str {
    if of.grey { "grey" } else { "colour" }
}

/// Sizes of the photos, or their ranges.
fn sizes(of: &Format) -> String {
    let size = |(width, height, photos): &(u32, u32, usize)| {
        let count = if of.sizes.len() > 1 { format!(" ({photos})") } else { String::new() };
        format!("{width} x {height}{count}")
    };
    if of.sizes.len() <= NAMED {
        return of.sizes.iter().map(size).collect::<Vec<_>>().join(", ");
    }
    let between = |side: fn(&(u32, u32, usize)) -> u32| {
        let sides = || of.sizes.iter().map(side);
        format!("{} to {}", sides().min().unwrap_or_default(), sides().max().unwrap_or_default())
    };
    format!("{} sizes, {} x {}", of.sizes.len(), between(|size| size.0), between(|size| size.1))
}
