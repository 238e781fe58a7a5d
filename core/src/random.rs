//! Random numbers of Burn's CPU device. All threads of a process draw from one sequence, whoever seeded it.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Turn to seed the CPU device and to draw from it, while it is held. Without it, a draw of another thread in between would
/// change what a seed gives.
pub fn turn_to_draw() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}
