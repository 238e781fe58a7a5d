//! What a user can do about a file that could not be read or written.

use std::io::{Error, ErrorKind};

/// A sentence that begins with a space, to end an error's message with; empty where there is nothing to advise.
pub fn advice(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            ". The disk is full: make room, or write to another disk with --out"
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            ". This user has no right to it: give another path with --out, or change the folder's permissions"
        }
        ErrorKind::NotFound => ". Check that the path is right",
        _ => "",
    }
}
