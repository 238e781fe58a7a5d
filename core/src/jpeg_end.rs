//! Whether a JPEG stream is whole. The decoder fills what is missing with grey, and grey would be judged as surface.

/// Whether the main image's end-of-image marker is there (ITU-T T.81, annex B). Markers inside segments, such as those of
/// an EXIF thumbnail, are stepped over; what comes after the end does not matter.
pub fn is_whole(bytes: &[u8]) -> bool {
    const END_OF_IMAGE: u8 = 0xd9;
    // After the start-of-image marker.
    let mut at = 2;
    loop {
        // To the next marker; in the coded data, FF 00 is a value, FF D0 to FF D7 are restarts, FF FF is filling.
        let Some(marker) = bytes.get(at..).and_then(|rest| {
            rest.windows(2).position(|pair| pair[0] == 0xff && !matches!(pair[1], 0x00 | 0x01 | 0xd0..=0xd7 | 0xff))
        }) else {
            return false;
        };
        at += marker + 2;
        if bytes[at - 1] == END_OF_IMAGE {
            return true;
        }
        // Every other marker begins a segment with its length, the two bytes of the length counted in.
        let Some([high, low]) = bytes.get(at..at + 2) else {
            return false;
        };
        at += usize::from(u16::from_be_bytes([*high, *low]));
    }
}
