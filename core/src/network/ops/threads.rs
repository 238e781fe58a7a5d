//! The threads that Burn computes on. In the browser there is one.

#[cfg(not(target_arch = "wasm32"))]
use rayon::prelude::*;

/// Runs `work` on each item, on the threads that Burn computes on. One item is worth it too: elsewhere each of its operations
/// would hand its work to these threads, and wait.
#[cfg(not(target_arch = "wasm32"))]
pub(super) fn on_threads<T: Send, R: Send>(items: Vec<T>, work: impl Fn(T) -> R + Send + Sync) -> Vec<R> {
    rayon::scope(|_| items.into_par_iter().map(work).collect())
}

#[cfg(target_arch = "wasm32")]
pub(super) fn on_threads<T, R>(items: Vec<T>, work: impl Fn(T) -> R) -> Vec<R> {
    items.into_iter().map(work).collect()
}

/// Least number of values that are worth a thread.
#[cfg(not(target_arch = "wasm32"))]
const WORTH_A_THREAD: usize = 1 << 14;

/// Runs `work` on every plane of `size` values with its index, and with what `begin` makes for each thread.
#[cfg(not(target_arch = "wasm32"))]
pub(super) fn each_plane<T>(
    values: &mut [f32],
    size: usize,
    begin: impl Fn() -> T + Send + Sync,
    work: impl Fn(&mut T, usize, &mut [f32]) + Send + Sync,
) {
    let size = size.max(1);
    let planes = values.par_chunks_exact_mut(size).enumerate().with_min_len(WORTH_A_THREAD.div_ceil(size));
    planes.for_each_init(begin, |own, (index, plane)| work(own, index, plane));
}

#[cfg(target_arch = "wasm32")]
pub(super) fn each_plane<T>(
    values: &mut [f32],
    size: usize,
    begin: impl Fn() -> T,
    work: impl Fn(&mut T, usize, &mut [f32]),
) {
    let mut own = begin();
    values.chunks_exact_mut(size.max(1)).enumerate().for_each(|(index, plane)| work(&mut own, index, plane));
}
