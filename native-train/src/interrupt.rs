//! Ctrl-C: a command finishes what it has in hand and keeps it.

use std::sync::atomic::{AtomicBool, Ordering};

/// Set when the user interrupts: the command then ends where it can go on later. One for the process, as interrupts are.
pub static STOP: AtomicBool = AtomicBool::new(false);

/// Makes an interrupt set [`STOP`] and print `message`, and a second one end the program at once.
pub fn stop_on_interrupt(message: &'static str) {
    // Where no handler can be set, or one is set already, an interrupt does what it did before.
    let _ = ctrlc::set_handler(move || {
        if STOP.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        eprintln!("{message}; interrupt again to stop at once");
    });
}
