//! Advice to a user whose file cannot be read or written.

use std::io::{Error, ErrorKind};

/// Returns the end of an error message: a full stop and a sentence, or nothing where there is no advice.
pub fn advice(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            ". The disk is full: make room, or write to another disk with --out"
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            ". This user has no permission: give another path with --out, or change the permissions of the folder"
        }
        ErrorKind::NotFound => ". Check that the path is right",
        ErrorKind::WouldBlock => ". Another process is writing it: wait until that ends",
        _ => "",
    }
}
