//! File of JSON lines that grows photo by photo.
//!
//! Each line is written whole or not at all. A run that is killed keeps the lines that it wrote. If its last line is
//! unfinished, the resumed run removes it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Seek, Write};
use std::path::{Path, PathBuf};

use super::line::Line;
use crate::files::FileError;

/// Why lines cannot be added to the file.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file has lines already.
    #[error("{path}: holds results already: continue with --resume, or give another file", path = .0.display())]
    NotEmpty(PathBuf),
    /// Another run is writing to the file.
    #[error("{path}: another run is writing to it: wait until it ends, or give another file", path = .0.display())]
    InUse(PathBuf),
    /// The file was not written by `predict`.
    #[error("{path}: line {number} was not written by this command ({problem}): give another file", path = .path.display())]
    Foreign {
        /// Path of the file.
        path: PathBuf,
        /// Number of the line, from 1.
        number: usize,
        /// Reason.
        problem: String,
    },
}

/// File of JSON lines, open for appending.
pub struct Log {
    file: File,
    path: PathBuf,
}

impl Log {
    /// Opens or creates the file at `path`. Fails if the file is not empty, unless `resume` is set.
    pub fn open(path: &Path, resume: bool) -> Result<Self, LogError> {
        let failed = |source| FileError::Append { path: path.to_owned(), source };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        let mut options = OpenOptions::new();
        // A pipe may refuse to be opened for reading.
        let file = options.append(true).create(true).read(resume).open(path).map_err(failed)?;
        // Not every file system has locks.
        if matches!(file.try_lock(), Err(TryLockError::WouldBlock)) {
            return Err(LogError::InUse(path.to_owned()));
        }
        if !resume && file.metadata().map_err(failed)?.len() > 0 {
            return Err(LogError::NotEmpty(path.to_owned()));
        }
        Ok(Self { file, path: path.to_owned() })
    }

    /// Passes each line to `each`, then removes an unfinished last line. If this command did not write a line in it,
    /// the file stays as it is.
    pub fn read(&mut self, mut each: impl FnMut(Line)) -> Result<(), LogError> {
        let failed = |source| FileError::Read { path: self.path.clone(), source };
        self.file.rewind().map_err(failed)?;
        let (mut reader, mut line, mut whole) = (BufReader::new(&self.file), Vec::new(), 0);
        for number in 1.. {
            line.clear();
            let count = reader.read_until(b'\n', &mut line).map_err(failed)?;
            if count == 0 {
                return Ok(());
            }
            let foreign = |problem| LogError::Foreign { path: self.path.clone(), number, problem };
            if !line.ends_with(b"\n") {
                if !is_beginning(&line) {
                    return Err(foreign("it does not begin like one of its lines".into()));
                }
                return Ok(self.file.set_len(whole).map_err(failed)?);
            }
            each(serde_json::from_slice(&line).map_err(|error| foreign(error.to_string()))?);
            whole += count as u64;
        }
        Ok(())
    }

    /// Adds a line in one piece.
    pub fn add(&mut self, line: &Line) -> Result<(), FileError> {
        write(&mut self.file, line).map_err(|source| FileError::Append { path: self.path.clone(), source })
    }
}

/// Writes a line in one piece and flushes it.
pub fn write(to: &mut impl Write, line: &Line) -> io::Result<()> {
    let mut bytes = serde_json::to_vec(line)?;
    bytes.push(b'\n');
    to.write_all(&bytes)?;
    to.flush()
}

/// Tells whether this command wrote an unfinished line. The file of another program must not be cut.
fn is_beginning(line: &[u8]) -> bool {
    const BEGINNING: &[u8] = br#"{"image":"#;
    line.starts_with(BEGINNING) || BEGINNING.starts_with(line)
}

#[cfg(test)]
mod tests {
    use cse::scoring::prediction::Place;
    use cse::scoring::verdict::Verdict;

    use super::super::line::PredictedBy;
    use super::*;

    fn line(image: &str) -> Line {
        let by = PredictedBy { threshold: 0.1, model: "m".into(), model_sha256: "0".into(), extractor: "e".into() };
        let (score, peak) = (Some(0.3), Some(Place { x: 0.5, y: 0.25 }));
        let (verdict, defective) = (Some(Verdict::Defect), Some(true));
        let (image, notes) = (image.into(), vec!["a note".into()]);
        let (sha256, error, map, raw_map, raw_map_scale) = (None, None, None, None, None);
        Line { image, sha256, score, peak, verdict, defective, error, notes, map, raw_map, raw_map_scale, by }
    }

    fn lines(path: &Path) -> Result<Vec<Line>, LogError> {
        let mut lines = Vec::new();
        Log::open(path, true)?.read(|line| lines.push(line))?;
        Ok(lines)
    }

    #[test]
    fn an_unfinished_last_line_is_removed_wherever_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.jsonl");
        let mut log = Log::open(&path, false).unwrap();
        log.add(&line("a")).unwrap();
        let first = std::fs::metadata(&path).unwrap().len() as usize;
        log.add(&line("b\n\u{e9}")).unwrap();
        drop(log);
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(lines(&path).unwrap(), [line("a"), line("b\n\u{e9}")]);
        for length in first..bytes.len() {
            std::fs::write(&path, &bytes[..length]).unwrap();
            assert_eq!(lines(&path).unwrap(), [line("a")], "cut to {length} bytes");
            Log::open(&path, true).unwrap().add(&line("c")).unwrap();
            assert_eq!(lines(&path).unwrap(), [line("a"), line("c")]);
        }
    }

    #[test]
    fn what_another_program_wrote_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.jsonl");
        let mut ours = Vec::new();
        write(&mut ours, &line("a")).unwrap();
        for (content, number) in [
            (b"dear diary".to_vec(), 1),
            (b"{}\n".to_vec(), 1),
            ([&ours[..], b"{\"image\":\"b\"}\n{\"ima"].concat(), 2),
        ] {
            std::fs::write(&path, &content).unwrap();
            assert!(matches!(lines(&path), Err(LogError::Foreign { number: found, .. }) if found == number));
            assert_eq!(std::fs::read(&path).unwrap(), content);
        }
    }

    #[test]
    fn results_are_neither_replaced_nor_written_by_two_runs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/results.jsonl");
        let mut log = Log::open(&path, false).unwrap();
        assert!(matches!(Log::open(&path, true), Err(LogError::InUse(_))));
        log.add(&line("a")).unwrap();
        drop(log);
        assert!(matches!(Log::open(&path, false), Err(LogError::NotEmpty(_))));
        assert_eq!(lines(&path).unwrap().len(), 1);
    }
}
