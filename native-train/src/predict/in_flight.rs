//! Limits the pixels that are in memory at once, so that many threads with large photos do not exhaust the memory.

use std::sync::{Condvar, Mutex, PoisonError};

/// Most pixels at once. A photo with its heatmap takes up to about 20 bytes a pixel: 4 GB in all.
const PIXELS: u64 = 200_000_000;

/// Number of pixels that may still be decoded.
pub struct InFlight {
    free: Mutex<u64>,
    freed: Condvar,
}

/// Share of a photo. Dropping it gives the pixels back.
pub struct Share<'a> {
    pixels: u64,
    of: &'a InFlight,
}

impl InFlight {
    /// Limit with all pixels free.
    pub fn new() -> Self {
        Self { free: Mutex::new(PIXELS), freed: Condvar::new() }
    }

    /// Waits until a photo of `pixels` fits. A photo larger than the limit waits until it is alone. Shares must be taken in
    /// the order in which photos are finished. Otherwise a photo could wait for a later one.
    pub fn share(&self, pixels: u64) -> Share<'_> {
        let pixels = pixels.min(PIXELS);
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = self.freed.wait_while(free, |free| *free < pixels).unwrap_or_else(PoisonError::into_inner);
        *free -= pixels;
        Share { pixels, of: self }
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        *self.of.free.lock().unwrap_or_else(PoisonError::into_inner) += self.pixels;
        self.of.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_photo_waits_until_it_fits() {
        let (in_flight, admitted) = (InFlight::new(), AtomicBool::new(false));
        let (most, few) = (in_flight.share(PIXELS - 10), in_flight.share(10));
        thread::scope(|scope| {
            scope.spawn(|| {
                // A photo above the limit waits for all pixels.
                let _all = in_flight.share(2 * PIXELS);
                admitted.store(true, Ordering::SeqCst);
            });
            drop(few);
            thread::sleep(Duration::from_millis(50));
            assert!(!admitted.load(Ordering::SeqCst));
            drop(most);
        });
        assert!(admitted.load(Ordering::SeqCst));
    }
}
