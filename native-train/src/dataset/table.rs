//! Reads a data set from a CSV file with a row for each photo, as anomalib's tabular data module does.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use csv_core::ReadRecordResult;

use super::layout::Layout;
use super::mask::Marks;
use super::names::{self, Split};
use super::passed_over::{PassedOver, Reason};
use super::{Dataset, DatasetError, Sample};
use crate::files;

/// Accepted names of the columns. The first of each is the recommended one.
const PATH: [&str; 5] = ["path", "image_path", "image", "file", "filename"];
const SPLIT: [&str; 1] = ["split"];
const LABEL: [&str; 2] = ["label", "label_index"];
const MASK: [&str; 2] = ["mask", "mask_path"];
/// Label of a defective photo in tables that number their labels.
const DEFECTIVE: &str = "1";
const GOOD: &str = "0";
const DEFECT: &str = "defect";

/// Reads the data set in a table. The paths in it are relative to the table's folder.
pub fn read(path: &Path, marks: Marks) -> Result<Dataset, DatasetError> {
    let bytes = files::read(path)?;
    let mut rows = rows(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes)).into_iter();
    let header = rows.next().map(|(_, header)| header).unwrap_or_default();
    let names: Vec<String> = header.iter().map(|name| name.to_lowercase()).collect();
    let column = |known: &[&str]| known.iter().find_map(|known| names.iter().position(|name| name == known));
    let (photo, split, label, mask) = (column(&PATH), column(&SPLIT), column(&LABEL), column(&MASK));
    let Some(photo) = photo else {
        let problem = format!("no column is called path: its columns are {}", names.join(", "));
        return Err(DatasetError::Table { path: path.to_owned(), problems: vec![problem] });
    };
    let used = [Some(photo), split, label, mask];
    let unused = (0..names.len()).filter(|column| !used.contains(&Some(*column)));
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    let mut set = Dataset {
        name: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        folder: folder.clone(),
        layout: Layout::Table,
        train: Vec::new(),
        test: Vec::new(),
        marks,
        passed_over: Vec::new(),
        nested: Vec::new(),
        mask_like: Vec::new(),
        unlabelled: Vec::new(),
        unused_columns: unused.map(|column| names[column].clone()).collect(),
    };
    let (mut unsaid, mut problems, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
    for (line, row) in rows {
        if row.len() != names.len() {
            problems.push(format!("line {line}: {} cells, but the header has {}", row.len(), names.len()));
            continue;
        }
        let cell = |column: Option<usize>| column.and_then(|column| row.get(column)).map_or("", String::as_str);
        match sample(&folder, &cell, (photo, split, label, mask)) {
            Ok((sample, _)) if !seen.insert(sample.photo.clone()) => {
                problems.push(format!("line {line}: {} has a row already", cell(Some(photo))));
            }
            Ok((sample, split)) => put(&mut set, &mut unsaid, sample, split),
            Err(found) => problems.extend(found.into_iter().map(|problem| format!("line {line}: {problem}"))),
        }
    }
    if !problems.is_empty() {
        return Err(DatasetError::Table { path: path.to_owned(), problems });
    }
    let (train, test) = super::split(unsaid);
    set.train.extend(train);
    set.test.extend(test);
    if set.train.is_empty() && set.test.is_empty() {
        let problems = vec!["no row is of a training photo or a test photo".into()];
        return Err(DatasetError::Table { path: path.to_owned(), problems });
    }
    Ok(set)
}

/// Rows of a CSV text, each with its line number. Spaces around a cell are removed.
fn rows(text: &[u8]) -> Vec<(u64, Vec<String>)> {
    let mut reader = csv_core::ReaderBuilder::new().delimiter(delimiter(text)).build();
    // No row is longer than the whole text.
    let (mut cells, mut ends) = (vec![0; text.len() + 1], vec![0; text.len() + 1]);
    let (mut rest, mut written, mut ended) = (text, 0, 0);
    let (mut rows, mut line) = (Vec::new(), reader.line());
    loop {
        let (result, read, more, more_ends) = reader.read_record(rest, &mut cells[written..], &mut ends[ended..]);
        (rest, written, ended) = (&rest[read..], written + more, ended + more_ends);
        match result {
            // The next read, of an empty input, ends the loop.
            ReadRecordResult::InputEmpty => {}
            ReadRecordResult::Record => {
                let starts = std::iter::once(0).chain(ends[..ended].iter().copied());
                let cell =
                    |(start, end): (usize, &usize)| String::from_utf8_lossy(&cells[start..*end]).trim().to_owned();
                rows.push((line, starts.zip(&ends[..ended]).map(cell).collect()));
                (written, ended, line) = (0, 0, reader.line());
            }
            ReadRecordResult::End | ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => return rows,
        }
    }
}

/// Separator of the columns. Spreadsheets of many countries write semicolons.
fn delimiter(bytes: &[u8]) -> u8 {
    let header = bytes.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    [b',', b';', b'\t'].into_iter().find(|delimiter| header.contains(delimiter)).unwrap_or(b',')
}

type Columns = (usize, Option<usize>, Option<usize>, Option<usize>);

/// Photo of a row with its split, where the table has one. Otherwise every mistake of the row.
fn sample<'a>(
    folder: &Path,
    cell: &impl Fn(Option<usize>) -> &'a str,
    (photo, split, label, mask): Columns,
) -> Result<(Sample, Option<Split>), Vec<String>> {
    let mut problems = Vec::new();
    let mut file = |name: &str| {
        // Windows writes backslashes.
        let paths = [folder.join(name), folder.join(name.replace('\\', "/"))];
        let found = paths.into_iter().find(|path| path.is_file());
        if found.is_none() {
            problems.push(if name.is_empty() { "the path is empty".into() } else { format!("{name} is no file") });
        }
        found.unwrap_or_default()
    };
    let path = file(cell(Some(photo)));
    let masks: Vec<PathBuf> = Some(cell(mask)).filter(|name| !name.is_empty()).into_iter().map(file).collect();
    let (split, label) = (cell(split), cell(label));
    let known = names::split(split);
    if known.is_none() && !split.is_empty() {
        problems.push(format!("the split {split} is none of train, validation and test"));
    }
    let defect = match label {
        // Training photos are good.
        "" if known == Some(Split::Train) => None,
        "" => {
            problems.push("the label is empty: write good, or a kind of defect".into());
            None
        }
        GOOD => None,
        DEFECTIVE => Some(DEFECT.into()),
        label => (!names::is_good(label)).then(|| label.to_owned()),
    };
    if problems.is_empty() { Ok((Sample { photo: path, defect, masks }, known)) } else { Err(problems) }
}

fn put(set: &mut Dataset, unsaid: &mut Vec<Sample>, sample: Sample, split: Option<Split>) {
    let path = sample.photo.clone();
    let reason = match (split, sample.defect.is_none()) {
        (None, _) => return unsaid.push(sample),
        (Some(Split::Test), _) => return set.test.push(sample),
        (Some(Split::Train | Split::Validation), true) => return set.train.push(path),
        (Some(Split::Train), false) => Reason::DefectiveInTrain,
        (Some(Split::Validation), false) => Reason::DefectiveInValidation,
        (Some(Split::Hidden), _) => Reason::NoTruth,
    };
    set.passed_over.push(PassedOver { path, reason });
}
