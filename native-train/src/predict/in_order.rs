//! Maps items on several threads and returns the results in the order of the items, with few items in flight.

use std::sync::mpsc::sync_channel;
use std::thread::Scope;

/// Applies `work` to each item of `input` on `threads` threads. Thread `k` takes items `k`, `k + threads`, and so on, so
/// the results are in order without being collected. At most two items a thread are in flight. A separate thread takes
/// the next item from `input` only when a thread is free.
pub fn in_order<'scope, I, O>(
    scope: &'scope Scope<'scope, '_>,
    threads: usize,
    input: impl Iterator<Item = I> + Send + 'scope,
    work: impl Fn(I) -> O + Clone + Send + 'scope,
) -> impl Iterator<Item = O>
where
    I: Send + 'scope,
    O: Send + 'scope,
{
    let (workers, results): (Vec<_>, Vec<_>) = (0..threads.max(1))
        .map(|_| {
            let (give, taken) = sync_channel(0);
            let (done, result) = sync_channel(0);
            let work = work.clone();
            // Sending fails when the receiver is gone.
            scope.spawn(move || taken.into_iter().map(work).try_for_each(|output| done.send(output)));
            (give, result)
        })
        .unzip();
    scope.spawn(move || {
        for (item, worker) in input.zip(workers.iter().cycle()) {
            if worker.send(item).is_err() {
                break;
            }
        }
    });
    let mut next = (0..results.len()).cycle();
    // A thread that panicked ends the results, and the scope then panics.
    std::iter::from_fn(move || results[next.next()?].recv().ok())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;
    use std::time::Duration;

    use super::*;

    #[test]
    fn results_keep_the_order_and_few_items_are_in_flight() {
        for threads in [1, 3] {
            let (begun, ended) = (AtomicUsize::new(0), AtomicUsize::new(0));
            thread::scope(|scope| {
                let input = (0..40_u64).inspect(|_| _ = begun.fetch_add(1, Ordering::SeqCst));
                // Later items are done first.
                let work = |item: u64| {
                    thread::sleep(Duration::from_millis((7 * item) % 5));
                    item
                };
                let results = in_order(scope, threads, input, work).inspect(|_| {
                    let in_flight = begun.load(Ordering::SeqCst) - ended.fetch_add(1, Ordering::SeqCst);
                    assert!(in_flight <= 2 * threads + 1, "{in_flight}");
                });
                assert!(results.eq(0..40), "{threads} threads");
            });
        }
    }

    #[test]
    fn results_that_nobody_wants_end_the_work() {
        let begun = AtomicUsize::new(0);
        thread::scope(|scope| {
            let input = std::iter::repeat(()).inspect(|()| _ = begun.fetch_add(1, Ordering::SeqCst));
            assert_eq!(in_order(scope, 2, input, |()| ()).take(5).count(), 5);
        });
        assert!(begun.load(Ordering::SeqCst) < 20);
    }
}
