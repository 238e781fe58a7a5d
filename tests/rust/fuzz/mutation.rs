//! Random changes to valid files. Most results are nearly valid.

use std::ops::Range;

use rand::RngExt;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

/// Numbers at which programs tend to fail.
const NUMBERS: [u64; 22] = [
    0,
    1,
    2,
    3,
    7,
    8,
    16,
    31,
    32,
    127,
    128,
    255,
    256,
    9_999,
    32_767,
    32_768,
    65_535,
    65_536,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    u64::MAX,
];

/// Makes a few changes to one of `seeds`. It changes bits, bytes and numbers, removes, repeats or moves parts, takes parts
/// from another seed, or cuts off the end. Checksums are mostly corrected, because readers stop at wrong ones.
pub fn changed(seeds: &[Vec<u8>], rng: &mut ChaCha8Rng) -> Vec<u8> {
    let mut bytes = seeds.choose(rng).cloned().unwrap_or_default();
    let parts = parts(&bytes);
    loop {
        change(&mut bytes, &parts, seeds, rng);
        if rng.random_bool(0.5) {
            break;
        }
    }
    if rng.random_bool(0.9) {
        correct_checksums(&mut bytes);
    }
    bytes
}

fn change(bytes: &mut Vec<u8>, parts: &[Range<usize>], seeds: &[Vec<u8>], rng: &mut ChaCha8Rng) {
    if bytes.is_empty() {
        return;
    }
    let somewhere = rng.random_range(0..bytes.len());
    // The parts are those of the unchanged file. After the first change they are a guess, which is good enough.
    let part = |bytes: &[u8], rng: &mut ChaCha8Rng| {
        let part = parts.choose(rng).cloned().unwrap_or(0..bytes.len());
        part.start.min(bytes.len())..part.end.min(bytes.len())
    };
    match rng.random_range(0..100) {
        0..25 => bytes[somewhere] ^= 1 << rng.random_range(0..8),
        25..40 => bytes[somewhere] = rng.random(),
        40..72 => {
            // Sizes and counts lie at the beginning of a part.
            let header = part(bytes, rng).start + rng.random_range(0..24);
            change_number(bytes, if rng.random_bool(0.6) { header } else { somewhere }, rng);
        }
        72..78 => drop(bytes.drain(part(bytes, rng))),
        78..84 => {
            let (part, times) = (part(bytes, rng), rng.random_range(1..4));
            let copy = bytes[part.clone()].repeat(times);
            bytes.splice(part.end..part.end, copy);
        }
        84..88 => {
            let (from, to) = (part(bytes, rng), part(bytes, rng).start);
            let moved: Vec<u8> = bytes.drain(from).collect();
            let to = to.min(bytes.len());
            bytes.splice(to..to, moved);
        }
        88..94 => {
            let other = seeds.choose(rng).map_or(&[][..], Vec::as_slice);
            let theirs = self::parts(other).choose(rng).cloned().unwrap_or_default();
            bytes.splice(part(bytes, rng), other[theirs].iter().copied());
        }
        94..97 => {
            let length = rng.random_range(0..64).min(bytes.len() - somewhere);
            drop(bytes.drain(somewhere..somewhere + length));
        }
        _ => bytes.truncate(somewhere),
    }
}

/// Replaces a number of 1 to 8 bytes by an extreme one or by a neighbour.
fn change_number(bytes: &mut [u8], at: usize, rng: &mut ChaCha8Rng) {
    let (width, little) = (*[1, 2, 4, 8].choose(rng).unwrap_or(&1), rng.random_bool(0.5));
    let Some(field) = bytes.get_mut(at..at + width) else { return };
    let mut number = [0; 8];
    number[..width].copy_from_slice(field);
    if !little {
        number[..width].reverse();
    }
    let old = u64::from_le_bytes(number);
    let new = match rng.random_range(0..3) {
        0 => old.wrapping_add(rng.random_range(1..9)),
        1 => old.wrapping_sub(rng.random_range(1..9)),
        _ => *NUMBERS.choose(rng).unwrap_or(&0),
    };
    number = new.to_le_bytes();
    if !little {
        number[..width].reverse();
    }
    field.copy_from_slice(&number[..width]);
}

/// Parts of a file of a known format, as far as they can be found. Otherwise the whole file.
fn parts(bytes: &[u8]) -> Vec<Range<usize>> {
    let number = |range: Range<usize>, big: bool| -> Option<usize> {
        let digits = bytes.get(range)?.iter();
        let join = |sum: usize, digit: &u8| sum << 8 | usize::from(*digit);
        Some(if big { digits.fold(0, join) } else { digits.rev().fold(0, join) })
    };
    let chain = |start: usize, length: &dyn Fn(usize) -> Option<usize>| {
        let mut parts = Vec::new();
        let mut at = start;
        while let Some(end) = length(at).map(|length| at.saturating_add(length)).filter(|end| *end <= bytes.len()) {
            parts.push(at..end);
            at = end;
        }
        if at < bytes.len() {
            parts.push(at..bytes.len());
        }
        parts
    };
    match bytes {
        [0x89, b'P', ..] => chain(8, &|at| Some(12 + number(at..at + 4, true)?)),
        [0xff, 0xd8, ..] => chain(2, &|at| Some(2 + number(at + 2..at + 4, true).filter(|_| bytes[at] == 0xff)?)),
        [b'R', b'I', b'F', b'F', ..] => chain(12, &|at| Some(8 + number(at + 4..at + 8, false)?.next_multiple_of(2))),
        [b'I', b'I', 42, 0, ..] => {
            // The entries of the first directory.
            let directory = number(4..8, false).unwrap_or(0);
            let count = number(directory..directory + 2, false).unwrap_or(0);
            let entries = (0..count).map(|entry| directory + 2 + 12 * entry).map(|start| start..start + 12);
            entries.filter(|entry| entry.end <= bytes.len()).collect()
        }
        _ => {
            let header = bytes.len().min(64);
            vec![0..header, header..bytes.len()]
        }
    }
}

/// Corrects the checksums of a PNG's chunks and of a zip's entries.
fn correct_checksums(bytes: &mut [u8]) {
    match bytes {
        [0x89, b'P', ..] => {
            for part in parts(bytes) {
                if part.len() >= 12 {
                    let (start, end) = (part.start + 4, part.end - 4);
                    let sum = crc32fast::hash(&bytes[start..end]);
                    bytes[end..part.end].copy_from_slice(&sum.to_be_bytes());
                }
            }
        }
        [b'P', b'K', ..] => correct_zip(bytes),
        _ => {}
    }
}

/// Corrects the checksums of zip entries that are not compressed.
fn correct_zip(bytes: &mut [u8]) {
    let positions = |signature: &[u8], bytes: &[u8]| -> Vec<usize> {
        bytes.windows(4).enumerate().filter(|(_, four)| *four == signature).map(|(at, _)| at).collect()
    };
    let u16_at =
        |bytes: &[u8], at: usize| bytes.get(at..at + 2).map_or(0, |b| usize::from(b[0]) | usize::from(b[1]) << 8);
    let centrals = positions(b"PK\x01\x02", bytes);
    for (local, central) in positions(b"PK\x03\x04", bytes).into_iter().zip(centrals) {
        let start = local + 30 + u16_at(bytes, local + 26) + u16_at(bytes, local + 28);
        let size = u16_at(bytes, local + 18);
        let Some(content) = bytes.get(start..start + size).filter(|_| u16_at(bytes, local + 8) == 0) else { continue };
        let sum = crc32fast::hash(content).to_le_bytes();
        for at in [local + 14, central + 16] {
            if let Some(field) = bytes.get_mut(at..at + 4) {
                field.copy_from_slice(&sum);
            }
        }
    }
}

/// Changes one value in a JSON document: to another type, to an extreme number, to a long list, or to nothing.
pub fn change_json(value: &mut Value, rng: &mut ChaCha8Rng) {
    let go_deeper = rng.random_bool(0.85);
    match value {
        Value::Array(items) if go_deeper && !items.is_empty() => {
            let index = rng.random_range(0..items.len());
            match rng.random_range(0..10) {
                0 => drop(items.remove(index)),
                1 => items.extend(vec![items[index].clone(); 1 << rng.random_range(0..12)]),
                _ => change_json(&mut items[index], rng),
            }
        }
        Value::Object(fields) if go_deeper && !fields.is_empty() => {
            let name = fields.keys().nth(rng.random_range(0..fields.len())).cloned().unwrap_or_default();
            match (rng.random_range(0..10), fields.get_mut(&name)) {
                (0, _) => _ = fields.remove(&name),
                (_, Some(field)) => change_json(field, rng),
                _ => {}
            }
        }
        _ => *value = another(value, rng),
    }
}

fn another(value: &Value, rng: &mut ChaCha8Rng) -> Value {
    const FLOATS: [f64; 9] = [0.0, -0.0, -1.0, 1e-45, 1e-9, 0.5, 1e9, 3.5e38, 1e300];
    if let (Some(number), true) = (value.as_f64(), rng.random_bool(0.5)) {
        let factor = rng.random_range(0.5..2.0);
        let rounded = (number * factor).round();
        return if value.is_f64() { (number * factor).into() } else { (rounded as i64).into() };
    }
    match rng.random_range(0..9) {
        0 | 1 => (*FLOATS.choose(rng).unwrap_or(&0.0)).into(),
        2 | 3 => (*NUMBERS.choose(rng).unwrap_or(&0)).into(),
        4 => (-(rng.random_range(1..100_i64))).into(),
        5 => Value::Null,
        6 => "x".repeat(1 << rng.random_range(0..16)).into(),
        7 => Value::Array(Vec::new()),
        _ => rng.random_bool(0.5).into(),
    }
}
