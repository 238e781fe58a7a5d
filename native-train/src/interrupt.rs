//! Ctrl-C: a command finishes the work in progress and keeps it.

use std::sync::atomic::{AtomicBool, Ordering};

/// True after the user interrupts. The command then ends at a point from which it can resume. An interrupt is for the whole
/// process, and so is this flag.
pub static STOP: AtomicBool = AtomicBool::new(false);

/// Makes an interrupt set [`STOP`] and print `message`. A second interrupt ends the program at once.
pub fn stop_on_interrupt(message: &'static str) {
    // If no handler can be set, or one is set already, an interrupt keeps its previous effect.
    let _ = ctrlc::set_handler(move || {
        if STOP.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        eprintln!("{message}; interrupt again to stop at once");
    });
}
