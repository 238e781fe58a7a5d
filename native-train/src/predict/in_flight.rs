//! How many pixels are in memory at once, so that many processors and large photos together do not exhaust it.

use std::sync::{Condvar, Mutex, PoisonError};

/// Pixels at once. A photo with its heatmap takes up to about 20 bytes a pixel: 4 GB.
const PIXELS: u64 = 200_000_000;

/// The pixels that may still be decoded.
pub struct InFlight {
    free: Mutex<u64>,
    freed: Condvar,
}

/// A photo's share, which is given back when it is dropped.
pub struct Share<'a> {
    pixels: u64,
    of: &'a InFlight,
}

impl InFlight {
    /// With all pixels free.
    pub fn new() -> Self {
        Self { free: Mutex::new(PIXELS), freed: Condvar::new() }
    }

    /// Waits until a photo of `pixels` fits. One that is larger than all waits until it is alone. Shares must be asked for
    /// in the order in which photos are finished, or a photo could wait for one that comes after it.
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
                // More than there are: it waits for all of them.
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
