//! Measures how much of a JPEG's picture is in its file (ITU-T T.81).
//!
//! The decoder fills a missing or damaged part with grey or with shifted blocks and reports no error. Both would be
//! inspected like a surface. This module follows the Huffman codes of every scan and counts the blocks.

use std::ops::ControlFlow;

use super::limits::check_size;

/// Result of following the coded data of a JPEG.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Coverage {
    /// Every block of every scan is there. The end-of-image marker may be missing.
    Whole,
    /// Coded data end before the picture is complete.
    Missing {
        /// Share of the picture's blocks without data, above 0 and at most 1.
        share: f32,
    },
    /// Coded data contradict themselves, as after a transmission error.
    Damaged,
    /// An unsupported kind of coding, as the subject of a sentence.
    Unsupported(&'static str),
}

/// Bytes of coded data that may be left over at the end of a scan. Some encoders pad to a multiple of this.
const PADDING: usize = 8;

/// Follows the coded data of the first picture in `bytes`. Segments such as an EXIF thumbnail are stepped over, and bytes
/// after the end-of-image marker are not read.
pub fn coverage(bytes: &[u8]) -> Coverage {
    let mut reader = Reader { bytes, at: 2, ..Reader::default() };
    match reader.follow() {
        Some(coverage) => coverage,
        // The file ends inside a segment.
        None => reader.unscanned().unwrap_or(Coverage::Whole),
    }
}

/// Symbol and length in bits of the code that begins 16 given bits. A length of 0 marks bits that begin no code.
struct Codes(Vec<(u8, u8)>);

impl Codes {
    /// Codes of a DHT table: `counts[i]` codes of `i + 1` bits, in the order of `symbols` (T.81, annex C).
    fn new(counts: &[u8], symbols: &[u8]) -> Self {
        let mut codes = vec![(0, 0); 1 << 16];
        let (mut next, mut symbols) = (0_usize, symbols.iter());
        for (length, count) in (1_u8..).zip(counts) {
            let span = 1 << (16 - length);
            for symbol in symbols.by_ref().take(usize::from(*count)) {
                let end = (next + span).min(codes.len());
                codes[next.min(end)..end].fill((*symbol, length));
                next = end;
            }
        }
        Self(codes)
    }
}

/// A component of the frame, and how far its coefficients have come.
struct Component {
    id: u8,
    /// Blocks in an MCU, across and down.
    sampling: (usize, usize),
    /// Blocks, across and down, that cover the picture.
    blocks: (usize, usize),
    /// Blocks in a row of whole MCUs.
    stride: usize,
    /// Bit `k` is set where coefficient `k` of a block is known not to be zero. Progressive frames alone need it.
    nonzero: Vec<u64>,
    /// Bits of each coefficient that no scan has brought yet. [`UNSEEN`] before the first scan.
    missing_bits: [u8; 64],
}

const UNSEEN: u8 = u8::MAX;

struct Frame {
    progressive: bool,
    /// MCUs of an interleaved scan.
    mcus: (usize, usize),
    components: Vec<Component>,
}

/// The part of a scan's header that tells how a block is coded.
struct Scan {
    /// Index of each component in the frame, with its DC and AC table.
    parts: Vec<(usize, usize, usize)>,
    first: usize,
    last: usize,
    refines: bool,
    /// Bits of each coefficient that the scan leaves to later ones.
    low_bits: u8,
}

/// Why a block could not be read.
enum Failure {
    /// The data end.
    End,
    /// The bits are no code, or lead beyond the block's last coefficient.
    Contradiction,
}

#[derive(Default)]
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    dc: [Option<Codes>; 4],
    ac: [Option<Codes>; 4],
    /// MCUs between restart markers, 0 for none.
    restart_interval: usize,
    frame: Option<Frame>,
}

impl<'a> Reader<'a> {
    /// None where a segment is cut short.
    fn follow(&mut self) -> Option<Coverage> {
        loop {
            let Some(marker) = self.next_marker() else { return self.unscanned().or(Some(Coverage::Whole)) };
            match marker {
                0xd9 => return self.unscanned().or(Some(Coverage::Whole)),
                // Start of image, restart, and the private marker without a segment.
                0xd8 | 0xd0..=0xd7 | 0x01 => continue,
                _ => {}
            }
            let length = usize::from(u16::from_be_bytes([*self.bytes.get(self.at)?, *self.bytes.get(self.at + 1)?]));
            let segment = self.bytes.get(self.at + 2..self.at + length)?;
            self.at += length;
            match marker {
                0xc0..=0xc2 => {
                    if let Err(coverage) = self.begin_frame(segment, marker == 0xc2) {
                        return Some(coverage);
                    }
                }
                0xc4 => self.define_codes(segment)?,
                0xc3 | 0xc5..=0xcf => return Some(Coverage::Unsupported("a lossless or arithmetic-coded JPEG")),
                0xdd => self.restart_interval = usize::from(u16::from_be_bytes([*segment.first()?, *segment.get(1)?])),
                0xda => {
                    let Some(scan) = self.scan(segment) else { return Some(Coverage::Damaged) };
                    if let ControlFlow::Break(coverage) = self.follow_scan(&scan) {
                        return Some(coverage);
                    }
                }
                _ => {}
            }
        }
    }

    /// The byte after the next FF that begins a marker. FF 00 is a value and FF FF is filling.
    fn next_marker(&mut self) -> Option<u8> {
        let rest = self.bytes.get(self.at..)?;
        let found = rest.windows(2).position(|pair| pair[0] == 0xff && !matches!(pair[1], 0x00 | 0xff))?;
        self.at += found + 2;
        Some(self.bytes[self.at - 1])
    }

    fn begin_frame(&mut self, segment: &[u8], progressive: bool) -> Result<(), Coverage> {
        let number = |at: usize| Some(usize::from(u16::from_be_bytes([*segment.get(at)?, *segment.get(at + 1)?])));
        let (Some(precision), Some(height), Some(width)) = (segment.first(), number(1), number(3)) else {
            return Err(Coverage::Damaged);
        };
        if *precision != 8 {
            return Err(Coverage::Unsupported("a JPEG with more than 8 bits a channel"));
        }
        if height == 0 {
            return Err(Coverage::Unsupported("a JPEG that states its height after the picture"));
        }
        let listed = segment.get(6..).unwrap_or_default().chunks_exact(3);
        let listed: Vec<(u8, (usize, usize))> =
            listed.map(|own| (own[0], (usize::from(own[1] >> 4), usize::from(own[1] & 15)))).collect();
        let largest = |side: fn(&(usize, usize)) -> usize| listed.iter().map(|(_, own)| side(own)).max().unwrap_or(0);
        let (across, down) = (largest(|own| own.0), largest(|own| own.1));
        let sound = listed.iter().all(|(_, (h, v))| (1..=4).contains(h) && (1..=4).contains(v));
        if width == 0 || !sound || !(1..=4).contains(&listed.len()) || self.frame.is_some() {
            return Err(Coverage::Damaged);
        }
        if check_size(width as u32, height as u32).is_err() {
            // It is refused for its size, and its blocks are too many to be kept.
            return Err(Coverage::Whole);
        }
        let mcus = (width.div_ceil(8 * across), height.div_ceil(8 * down));
        let component = |(id, sampling): (u8, (usize, usize))| {
            let blocks =
                ((width * sampling.0).div_ceil(across).div_ceil(8), (height * sampling.1).div_ceil(down).div_ceil(8));
            let stride = mcus.0 * sampling.0;
            let kept = if progressive { stride * mcus.1 * sampling.1 } else { 0 };
            Component { id, sampling, blocks, stride, nonzero: vec![0; kept], missing_bits: [UNSEEN; 64] }
        };
        self.frame = Some(Frame { progressive, mcus, components: listed.into_iter().map(component).collect() });
        Ok(())
    }

    fn define_codes(&mut self, mut segment: &[u8]) -> Option<()> {
        while let Some((kind, rest)) = segment.split_first() {
            let counts = rest.get(..16)?;
            let length: usize = counts.iter().map(|count| usize::from(*count)).sum();
            let symbols = rest.get(16..16 + length)?;
            let tables = if kind >> 4 == 0 { &mut self.dc } else { &mut self.ac };
            *tables.get_mut(usize::from(kind & 15))? = Some(Codes::new(counts, symbols));
            segment = &rest[16 + length..];
        }
        Some(())
    }

    /// None where the header names a component or a table that does not exist.
    fn scan(&self, segment: &[u8]) -> Option<Scan> {
        let frame = self.frame.as_ref()?;
        let (count, rest) = segment.split_first()?;
        let (listed, rest) = rest.split_at_checked(2 * usize::from(*count))?;
        let [first, last, bits] = *rest.first_chunk()?;
        let (first, last, refines) = (usize::from(first), usize::from(last), bits >> 4 != 0);
        let (first, last) = if frame.progressive { (first, last) } else { (0, 63) };
        let parts = listed.chunks_exact(2).map(|part| {
            let index = frame.components.iter().position(|component| component.id == part[0])?;
            let (dc, ac) = (usize::from(part[1] >> 4), usize::from(part[1] & 15));
            let needs_dc = first == 0 && !(frame.progressive && refines);
            let needs_ac = last > 0;
            let there = |tables: &[Option<Codes>; 4], table: usize| tables.get(table).is_some_and(Option::is_some);
            ((!needs_dc || there(&self.dc, dc)) && (!needs_ac || there(&self.ac, ac))).then_some((index, dc, ac))
        });
        let parts = parts.collect::<Option<Vec<_>>>()?;
        // A progressive scan has either the DC coefficients or those of one component.
        let sound = first <= last && last < 64 && !(frame.progressive && last > 0 && (first == 0 || parts.len() > 1));
        let low_bits = if frame.progressive { bits & 15 } else { 0 };
        (sound && !parts.is_empty()).then_some(Scan { parts, first, last, refines, low_bits })
    }

    /// Updates the coefficients after a whole scan.
    fn follow_scan(&mut self, scan: &Scan) -> ControlFlow<Coverage> {
        let Some(frame) = &mut self.frame else { return ControlFlow::Break(Coverage::Damaged) };
        let mut bits = Bits { bytes: self.bytes, at: self.at, ..Bits::default() };
        let single = (scan.parts.len() == 1).then(|| frame.components[scan.parts[0].0].blocks);
        let (across, down) = single.unwrap_or(frame.mcus);
        let (total, mut run) = (across * down, 0_u32);
        for mcu in 0..total {
            if self.restart_interval > 0 && mcu > 0 && mcu % self.restart_interval == 0 {
                run = 0;
                if !bits.restart() {
                    return ControlFlow::Break(missing(mcu, total));
                }
            }
            let (x, y) = (mcu % across, mcu / across);
            for &(index, dc, ac) in &scan.parts {
                let component = &mut frame.components[index];
                let (dc, ac) = (self.dc.get(dc).and_then(Option::as_ref), self.ac.get(ac).and_then(Option::as_ref));
                let (h, v) = if single.is_some() { (1, 1) } else { component.sampling };
                for block in 0..h * v {
                    let place = (y * v + block / h) * component.stride + x * h + block % h;
                    let read = if frame.progressive {
                        let mut none = 0;
                        let nonzero = component.nonzero.get_mut(place).unwrap_or(&mut none);
                        bits.progressive_block(scan, dc, ac, nonzero, &mut run)
                    } else {
                        bits.baseline_block(dc, ac)
                    };
                    match read {
                        Ok(()) => {}
                        Err(Failure::End) => return ControlFlow::Break(missing(mcu, total)),
                        Err(Failure::Contradiction) => return ControlFlow::Break(Coverage::Damaged),
                    }
                }
            }
        }
        if bits.left_over() > PADDING {
            return ControlFlow::Break(Coverage::Damaged);
        }
        for &(index, ..) in &scan.parts {
            let seen = &mut frame.components[index].missing_bits[scan.first..=scan.last];
            seen.fill(scan.low_bits);
        }
        self.at = bits.at;
        ControlFlow::Continue(())
    }

    /// Result for scans that leave out a part of the picture. None where they cover it.
    fn unscanned(&self) -> Option<Coverage> {
        let Some(frame) = &self.frame else { return Some(Coverage::Missing { share: 1.0 }) };
        let all = frame.components.iter().flat_map(|component| component.missing_bits);
        let (open, count) = all.fold((0, 0), |(open, count), bits| (open + u32::from(bits > 0), count + 1));
        (open > 0).then(|| Coverage::Missing { share: open as f32 / count as f32 })
    }
}

/// Result for coded data that end at one of `total` MCUs.
fn missing(mcu: usize, total: usize) -> Coverage {
    Coverage::Missing { share: (total - mcu) as f32 / total as f32 }
}

/// Bits of the coded data, the highest of each byte first.
#[derive(Default)]
struct Bits<'a> {
    bytes: &'a [u8],
    /// The next byte to read.
    at: usize,
    /// The next bits, from the highest on.
    buffer: u64,
    /// Bits in `buffer`.
    count: u32,
    /// Bits at the end of `buffer` that stand for what the file does not have.
    invented: u32,
}

impl Bits<'_> {
    fn refill(&mut self) {
        while self.count <= 56 {
            let byte = match self.bytes.get(self.at..self.at + 2) {
                Some([0xff, 0x00]) => {
                    self.at += 2;
                    Some(0xff)
                }
                Some([0xff, _]) => None,
                _ => {
                    let byte = self.bytes.get(self.at).copied();
                    self.at += usize::from(byte.is_some());
                    byte
                }
            };
            if byte.is_none() {
                self.invented += 8;
            }
            self.buffer |= u64::from(byte.unwrap_or(0)) << (56 - self.count);
            self.count += 8;
        }
    }

    fn skip(&mut self, bits: u32) -> Result<(), Failure> {
        if bits > self.count {
            self.refill();
        }
        if bits + self.invented > self.count {
            return Err(Failure::End);
        }
        self.buffer <<= bits;
        self.count -= bits;
        Ok(())
    }

    /// At most 16 bits as a number.
    fn number(&mut self, bits: u32) -> Result<u32, Failure> {
        if bits > self.count {
            self.refill();
        }
        let value = if bits == 0 { 0 } else { (self.buffer >> (64 - bits)) as u32 };
        self.skip(bits)?;
        Ok(value)
    }

    fn symbol(&mut self, codes: Option<&Codes>) -> Result<u8, Failure> {
        let Some(Codes(codes)) = codes else { return Err(Failure::Contradiction) };
        if self.count < 16 {
            self.refill();
        }
        let (symbol, length) = codes[(self.buffer >> 48) as usize];
        if length == 0 {
            // Missing bits may not begin a code.
            let end = self.invented > 0 && self.count < 16 + self.invented;
            return Err(if end { Failure::End } else { Failure::Contradiction });
        }
        self.skip(u32::from(length))?;
        Ok(symbol)
    }

    fn baseline_block(&mut self, dc: Option<&Codes>, ac: Option<&Codes>) -> Result<(), Failure> {
        let size = self.symbol(dc)?;
        self.skip(bits_of(size)?)?;
        self.coefficients(1, 63, ac, &mut 0).map(drop)
    }

    /// Coefficients `first` to `last` that a block has for the first time, each marked in `nonzero`. The number beside an
    /// end-of-band code, where one ends them: in a progressive scan it counts further blocks.
    fn coefficients(
        &mut self,
        first: usize,
        last: usize,
        ac: Option<&Codes>,
        nonzero: &mut u64,
    ) -> Result<Option<u32>, Failure> {
        let mut k = first;
        while k <= last {
            let symbol = self.symbol(ac)?;
            let (zeros, size) = (usize::from(symbol >> 4), symbol & 15);
            if size == 0 {
                if zeros < 15 {
                    return Ok(Some(zeros as u32));
                }
                k += 16;
                continue;
            }
            k += zeros;
            if k > 63 {
                return Err(Failure::Contradiction);
            }
            *nonzero |= 1 << k;
            self.skip(bits_of(size)?)?;
            k += 1;
        }
        Ok(None)
    }

    /// One block of a progressive scan (T.81, annex G). `run` counts the blocks that an end-of-band run still covers.
    fn progressive_block(
        &mut self,
        scan: &Scan,
        dc: Option<&Codes>,
        ac: Option<&Codes>,
        nonzero: &mut u64,
        run: &mut u32,
    ) -> Result<(), Failure> {
        match (scan.first, scan.refines) {
            (0, false) => {
                let size = self.symbol(dc)?;
                self.skip(bits_of(size)?)
            }
            (0, true) => self.skip(1),
            (_, false) => self.first_band(scan, ac, nonzero, run),
            (_, true) => self.refined_band(scan, ac, nonzero, run),
        }
    }

    fn first_band(&mut self, scan: &Scan, ac: Option<&Codes>, nonzero: &mut u64, run: &mut u32) -> Result<(), Failure> {
        if *run > 0 {
            *run -= 1;
            return Ok(());
        }
        if let Some(bits) = self.coefficients(scan.first, scan.last, ac, nonzero)? {
            *run = (1 << bits) - 1 + self.number(bits)?;
        }
        Ok(())
    }

    fn refined_band(
        &mut self,
        scan: &Scan,
        ac: Option<&Codes>,
        nonzero: &mut u64,
        run: &mut u32,
    ) -> Result<(), Failure> {
        let mut k = scan.first;
        if *run == 0 {
            while k <= scan.last {
                let symbol = self.symbol(ac)?;
                let (mut zeros, size) = (symbol >> 4, symbol & 15);
                match size {
                    0 if zeros < 15 => {
                        *run = (1 << zeros) + self.number(u32::from(zeros))?;
                        break;
                    }
                    0 => {}
                    1 => self.skip(1)?,
                    _ => return Err(Failure::Contradiction),
                }
                // Skips the known coefficients, each of which has a bit here, and `zeros` coefficients that stay zero.
                while k <= scan.last {
                    if *nonzero >> k & 1 == 1 {
                        self.skip(1)?;
                    } else if zeros == 0 {
                        break;
                    } else {
                        zeros -= 1;
                    }
                    k += 1;
                }
                if size == 1 {
                    if k > 63 {
                        return Err(Failure::Contradiction);
                    }
                    *nonzero |= 1 << k;
                }
                k += 1;
            }
        }
        if *run > 0 {
            let rest = *nonzero >> k.min(63) << k.min(63);
            let band = if scan.last == 63 { rest } else { rest & ((1 << (scan.last + 1)) - 1) };
            if k <= scan.last {
                for _ in 0..band.count_ones() {
                    self.skip(1)?;
                }
            }
            *run -= 1;
        }
        Ok(())
    }

    /// Skips a restart marker, and the bits before it that fill the last byte. Returns true if there was one.
    fn restart(&mut self) -> bool {
        if self.left_over() > PADDING {
            return false;
        }
        (self.buffer, self.count, self.invented) = (0, 0, 0);
        let Some(rest) = self.bytes.get(self.at..) else { return false };
        let Some(found) = rest.windows(2).position(|pair| pair[0] == 0xff && !matches!(pair[1], 0x00 | 0xff)) else {
            return false;
        };
        self.at += found + 2;
        matches!(rest[found + 1], 0xd0..=0xd7)
    }

    /// Whole bytes of coded data before the next marker that were not read.
    fn left_over(&self) -> usize {
        let buffered = (self.count - self.invented.min(self.count)) / 8;
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let ahead = rest.windows(2).position(|pair| pair[0] == 0xff && pair[1] != 0x00).unwrap_or(rest.len());
        buffered as usize + ahead
    }
}

/// Bits that follow a code for a value of `size` bits.
fn bits_of(size: u8) -> Result<u32, Failure> {
    if size > 16 { Err(Failure::Contradiction) } else { Ok(u32::from(size)) }
}
