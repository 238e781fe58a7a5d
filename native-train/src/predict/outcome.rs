//! Outcome of a run: counts for the user, and an exit code for scripts.

use std::process::ExitCode;

use cse::scoring::verdict::Verdict;

/// Numbers of photos by their outcome.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Photos with a verdict, including those of earlier runs.
    pub predicted: usize,
    /// Photos with a defect.
    pub defective: usize,
    /// Photos that are unlike the good photos as a whole.
    pub unlike: usize,
    /// Photos that an earlier run predicted.
    pub before: usize,
    /// Photos without a verdict.
    pub failed: usize,
    /// Photos with a verdict, but without all of their pictures.
    pub without_pictures: usize,
    /// Photos that were not tried because the user interrupted the run.
    pub left: usize,
    /// True if the exit code shall report a defective photo.
    pub fail_on_defect: bool,
}

impl Outcome {
    /// Counts a photo with a verdict.
    pub fn count(&mut self, verdict: Verdict) {
        self.predicted += 1;
        match verdict {
            Verdict::NoDefect => {}
            Verdict::Defect => self.defective += 1,
            Verdict::Unlike => self.unlike += 1,
        }
    }

    /// The counts as one line.
    pub fn sentence(&self) -> String {
        let good = self.predicted - self.defective - self.unlike;
        let mut parts = vec![format!("{good} good"), format!("{} defective", self.defective)];
        let mut more = |count: usize, what: &str| {
            if count > 0 {
                parts.push(format!("{count} {what}"));
            }
        };
        more(self.unlike, "unlike the good photos as a whole");
        more(self.failed, "without a verdict");
        more(self.without_pictures, "without all of their pictures");
        more(self.before, "of them predicted by an earlier run");
        more(self.left, "not tried because the run was interrupted: continue with --json FILE --resume");
        parts.join(", ")
    }

    /// Exit code, as `--help` lists them.
    fn code(&self) -> u8 {
        match self {
            Self { left: 1.., .. } => 130,
            Self { failed: 1.., .. } | Self { without_pictures: 1.., .. } => 3,
            Self { fail_on_defect: true, defective: 1.., .. } | Self { fail_on_defect: true, unlike: 1.., .. } => 4,
            _ => 0,
        }
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        outcome.code().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_verdict_outranks_a_defect() {
        let code = |failed, without_pictures, left, fail_on_defect| {
            let photos = Outcome { predicted: 5, defective: 1, failed, without_pictures, left, ..Outcome::default() };
            Outcome { fail_on_defect, ..photos }.code()
        };
        assert_eq!([code(0, 0, 0, false), code(0, 0, 0, true)], [0, 4]);
        assert_eq!([code(1, 0, 0, true), code(0, 1, 0, true), code(1, 0, 1, true)], [3, 3, 130]);
        let unlike = Outcome { predicted: 1, unlike: 1, fail_on_defect: true, ..Outcome::default() };
        assert_eq!(unlike.code(), 4);
    }
}
