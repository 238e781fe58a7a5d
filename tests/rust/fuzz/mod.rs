//! Fuzzer: changes valid files at random. Every reader must return a value or an error.
//!
//! Input `n` of a target is made from the number `n` alone, so the number reproduces a failure.

mod mutation;
pub mod seeds;
mod targets;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

pub use mutation::changed;
pub use targets::all;

/// Time above which an input is reported.
pub const SLOW: Duration = Duration::from_secs(1);
/// Memory above which an input is reported, bytes.
pub const LARGE: usize = 1_000_000_000;
/// Time above which an input ends the program.
const ENDLESS: Duration = Duration::from_secs(120);

/// Makes an input from random numbers.
pub type Maker = Box<dyn Fn(&mut ChaCha8Rng) -> Vec<u8>>;
/// Reads an input, and returns true if it was accepted.
pub type Reader = Box<dyn Fn(&[u8]) -> bool>;

/// Reader of untrusted bytes.
pub struct Target {
    /// Its name in the table.
    pub name: &'static str,
    /// Makes an input.
    pub make: Maker,
    /// Reads an input, and returns true if it was accepted.
    pub read: Reader,
}

impl Target {
    /// Input number `number`.
    pub fn input(&self, number: u64) -> Vec<u8> {
        (self.make)(&mut ChaCha8Rng::seed_from_u64(number))
    }
}

/// A measure of the memory that the program takes.
#[derive(Clone, Copy)]
pub struct Memory {
    /// Starts anew.
    pub reset: fn(),
    /// Most bytes at once since the start.
    pub peak: fn() -> usize,
}

/// Inputs that failed in the same way.
#[derive(Clone, Debug, Default)]
pub struct Finding {
    /// Number of inputs.
    pub count: u64,
    /// Numbers of the first ones.
    pub some: Vec<u64>,
    /// Failure of the first input.
    pub detail: String,
}

impl Finding {
    fn add(&mut self, number: u64, detail: String) {
        if self.count == 0 {
            self.detail = detail;
        }
        self.count += 1;
        if self.some.len() < 10 {
            self.some.push(number);
        }
    }
}

/// Results of a run over many inputs.
pub struct Report {
    /// The target.
    pub name: &'static str,
    /// Number of inputs that were read.
    pub inputs: u64,
    /// Number of inputs that were accepted.
    pub accepted: u64,
    /// Panics, by the place in the code.
    pub panics: BTreeMap<String, Finding>,
    /// Inputs that took longer than [`SLOW`].
    pub slow: Option<Finding>,
    /// Inputs that took more memory than [`LARGE`].
    pub large: Option<Finding>,
    /// The longest time, and the input that took it.
    pub slowest: (Duration, u64),
    /// The most memory, and the input that took it.
    pub largest: (usize, u64),
}

impl Report {
    /// Share of the inputs that were accepted, 0 to 1.
    pub fn accepted_share(&self) -> f64 {
        self.accepted as f64 / self.inputs.max(1) as f64
    }
}

/// A row of the table.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let panics: u64 = self.panics.values().map(|finding| finding.count).sum();
        let ((time, slowest), (bytes, largest)) = (self.slowest, self.largest);
        write!(
            f,
            "| {} | {} | {:.1} % | {panics} at {} places | {:.1} ms (input {slowest}) | {:.1} MB (input {largest}) |",
            self.name,
            self.inputs,
            100.0 * self.accepted_share(),
            self.panics.len(),
            1000.0 * time.as_secs_f64(),
            bytes as f64 / 1e6,
        )
    }
}

/// Heading of the table.
pub const HEADING: &str =
    "| target | inputs | accepted | panics | longest time | most memory |\n|---|---|---|---|---|---|";

thread_local! {
    /// Place and message of the last panic of a watched thread.
    static PANIC: RefCell<Option<Option<(String, String)>>> = const { RefCell::new(None) };
}

/// Reads many inputs of a target, on this thread.
pub fn run(target: &Target, inputs: Range<u64>, memory: Option<Memory>) -> Report {
    listen_to_panics();
    let mut report = Report {
        name: target.name,
        inputs: inputs.end - inputs.start,
        accepted: 0,
        panics: BTreeMap::new(),
        slow: None,
        large: None,
        slowest: (Duration::ZERO, inputs.start),
        largest: (0, inputs.start),
    };
    let (current, done) = (AtomicU64::new(inputs.start), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let watcher = scope.spawn(|| watch(target.name, &current, &done));
        for number in inputs {
            current.store(number, Ordering::Relaxed);
            let input = target.input(number);
            PANIC.set(Some(None));
            memory.iter().for_each(|memory| (memory.reset)());
            let before = memory.map_or(0, |memory| (memory.peak)());
            let started = Instant::now();
            let accepted = panic::catch_unwind(AssertUnwindSafe(|| (target.read)(&input)));
            let time = started.elapsed();
            let bytes = memory.map_or(0, |memory| (memory.peak)().saturating_sub(before));
            let panicked = PANIC.replace(None).flatten();
            report.add(number, accepted.ok(), panicked, time, bytes);
        }
        done.store(true, Ordering::Relaxed);
        watcher.thread().unpark();
    });
    report
}

impl Report {
    fn add(
        &mut self,
        number: u64,
        accepted: Option<bool>,
        panicked: Option<(String, String)>,
        time: Duration,
        bytes: usize,
    ) {
        self.accepted += u64::from(accepted == Some(true));
        self.slowest = self.slowest.max((time, number));
        self.largest = self.largest.max((bytes, number));
        if accepted.is_none() {
            let (place, detail) = panicked.unwrap_or_else(|| ("another thread".into(), String::new()));
            self.panics.entry(place).or_default().add(number, detail);
        }
        if time > SLOW {
            self.slow.get_or_insert_default().add(number, format!("{time:.1?}"));
        }
        if bytes > LARGE {
            self.large.get_or_insert_default().add(number, format!("{} MB", bytes / 1_000_000));
        }
    }
}

/// Ends the program if one input takes too long, and prints its number. A thread cannot be ended alone.
fn watch(name: &str, current: &AtomicU64, done: &AtomicBool) {
    let (mut seen, mut since) = (u64::MAX, Instant::now());
    while !done.load(Ordering::Relaxed) {
        let now = current.load(Ordering::Relaxed);
        if now != seen {
            (seen, since) = (now, Instant::now());
        } else if since.elapsed() > ENDLESS {
            eprintln!("{name}: input {now} takes more than {} s", ENDLESS.as_secs());
            std::process::exit(1);
        }
        std::thread::park_timeout(Duration::from_secs(1));
    }
}

/// Records the panics of watched threads. Other panics go to the previous hook.
fn listen_to_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let watched = PANIC.with_borrow_mut(|panic| {
                let place =
                    info.location().map_or_else(String::new, |place| format!("{}:{}", place.file(), place.line()));
                panic.as_mut().map(|heard| *heard = Some((place, info.payload_as_str().unwrap_or_default().to_owned())))
            });
            if watched.is_none() {
                others(info);
            }
        }));
    });
}
