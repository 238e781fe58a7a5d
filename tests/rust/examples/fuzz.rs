//! Runs the fuzzer on many inputs and prints a table of the results: `fuzz COUNT [TARGET] [FIRST]`. An input that panics,
//! takes too long or takes too much memory is written to `target/fuzz/`.

use std::alloc::{GlobalAlloc, Layout, System};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use cse_tests::fuzz::{self, Finding, Memory, Report, Target};

static ALLOCATED: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

/// Allocator of the system with a count of the bytes. Zeroed memory still comes from the system, which does not touch it.
struct Counting;

fn count(pointer: *mut u8, bytes: usize) -> *mut u8 {
    if !pointer.is_null() {
        let now = ALLOCATED.fetch_add(bytes, Ordering::Relaxed) + bytes;
        PEAK.fetch_max(now, Ordering::Relaxed);
    }
    pointer
}

// SAFETY: every call goes to the system's allocator as it is.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(unsafe { System.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(unsafe { System.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) };
        ALLOCATED.fetch_sub(layout.size(), Ordering::Relaxed);
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        let grown = unsafe { System.realloc(pointer, layout, bytes) };
        if !grown.is_null() {
            ALLOCATED.fetch_sub(layout.size(), Ordering::Relaxed);
        }
        count(grown, bytes)
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |index: usize, otherwise| {
        arguments.get(index).map_or(otherwise, |text| text.parse::<u64>().expect("COUNT and FIRST are numbers"))
    };
    let (count, first) = (number(0, 10_000), number(2, 0));
    let reset = || PEAK.store(ALLOCATED.load(Ordering::Relaxed), Ordering::Relaxed);
    let memory = Memory { reset, peak: || PEAK.load(Ordering::Relaxed) };
    println!("{}", fuzz::HEADING);
    for target in fuzz::all() {
        if arguments.get(1).is_none_or(|name| name == target.name) {
            let report = fuzz::run(&target, first..first + count, Some(memory));
            println!("{report}");
            keep(&target, &report);
        }
    }
}

/// Prints the failures below the table, and writes the first input of each kind to a file.
fn keep(target: &Target, report: &Report) {
    let panics = report.panics.iter().map(|(place, finding)| (place.as_str(), finding));
    let slow = report.slow.iter().map(|finding| ("slow", finding));
    let large = report.large.iter().map(|finding| ("much memory", finding));
    for (what, finding) in panics.chain(slow).chain(large) {
        let Some(first) = finding.some.first() else { continue };
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/fuzz");
        let path = folder.join(format!("{}-{}", target.name, first));
        std::fs::create_dir_all(folder).expect("a folder");
        std::fs::write(&path, target.input(*first)).expect("written");
        let Finding { count, some, detail } = finding;
        eprintln!("{}: {what}: {count} inputs, such as {some:?}: {detail}", target.name);
    }
}
