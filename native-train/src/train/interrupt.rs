//! Ctrl-C: a training saves where it is before it ends.

use std::sync::atomic::{AtomicBool, Ordering};

/// Set when the user interrupts: the training then saves where it is. Of the whole process, as interrupts are.
pub static STOP: AtomicBool = AtomicBool::new(false);

/// From now on an interrupt sets [`STOP`], and a second one ends the program at once.
pub fn stop_on_interrupt() {
    // Where no handler can be set, or one is already, an interrupt does what it did, and the last checkpoint is there.
    let _ = ctrlc::set_handler(|| {
        if STOP.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        eprintln!("stopping at the next checkpoint; interrupt again to stop at once");
    });
}
