//! Files that a user may drop on the page: each gives a photo or an error with a sentence.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::Path;

use cse::image::photo::{self, Levels, PhotoError, Traits};
use image::{DynamicImage, ImageFormat, RgbImage};
use serde::Deserialize;

/// Decodes without a range for samples of more than 8 bits.
fn pixels(bytes: &[u8]) -> Result<RgbImage, PhotoError> {
    photo::decode(bytes, None).map(|photo| photo.pixels)
}

/// Photos that `tests/reference/photos.py` made, with the results of Pillow and LittleCMS for each.
#[derive(Deserialize)]
struct Expected {
    pixels: Option<String>,
    #[serde(default)]
    tolerance: u8,
    levels: Option<[f32; 2]>,
    #[serde(default)]
    error: Vec<String>,
}

#[test]
fn every_kind_of_file_gives_pillows_pixels_or_says_why_not() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("reference/photos");
    let read = |name: &str| std::fs::read(folder.join(name)).expect("readable");
    let expected: BTreeMap<String, Expected> = serde_json::from_slice(&read("expected.json")).expect("JSON");
    let decoded = Path::new(env!("CARGO_TARGET_TMPDIR")).join("photos");
    std::fs::create_dir_all(&decoded).expect("a folder");
    let mut wrong = Vec::new();
    for (name, Expected { pixels, tolerance, levels, error }) in &expected {
        let levels = levels.map(|[black, white]| Levels { black, white });
        match (photo::decode(&read(name), levels), pixels) {
            (Ok(photo), Some(reference)) => {
                // The browser's tests compare their pixels with these.
                photo.pixels.save(decoded.join(format!("{name}.png"))).expect("written");
                let reference = image::load_from_memory(&read(reference)).expect("a PNG").into_rgba8();
                if photo.pixels.dimensions() != reference.dimensions() {
                    wrong.push(format!("{name}: {:?}, not {:?}", photo.pixels.dimensions(), reference.dimensions()));
                    continue;
                }
                // Transparent pixels have no colour to compare.
                let pairs = photo.pixels.pixels().zip(reference.pixels()).filter(|(_, theirs)| theirs[3] == 255);
                let off =
                    pairs.flat_map(|(ours, theirs)| [0, 1, 2].map(|channel| ours[channel].abs_diff(theirs[channel])));
                let worst = off.max().unwrap_or(0);
                if worst > *tolerance {
                    wrong.push(format!("{name}: off by {worst}, {tolerance} allowed"));
                }
            }
            (Err(refused), None) => {
                let text = refused.to_string();
                if !error.iter().all(|words| text.contains(words)) {
                    wrong.push(format!("{name}: says \"{text}\", not {error:?}"));
                }
            }
            (Ok(_), None) => wrong.push(format!("{name}: decoded, not refused with {error:?}")),
            (Err(refused), Some(_)) => wrong.push(format!("{name}: refused, {refused}")),
        }
    }
    assert!(expected.len() > 100 && wrong.is_empty(), "{} of {}\n{}", wrong.len(), expected.len(), wrong.join("\n"));
}

/// Hidden colours must not change the score, and a preview must show which parts are not inspected.
#[test]
fn what_is_transparent_is_marked_whatever_colour_it_hides() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("reference/photos");
    let decode =
        |name: &str| photo::decode(&std::fs::read(folder.join(name)).expect("readable"), None).expect("decodes");
    let (red, black) = (decode("png-alpha.png"), decode("png-alpha-over-black.png"));
    assert_eq!(red.pixels, black.pixels);
    let opaque = red.opaque.expect("has a transparent part");
    assert_eq!((opaque.get_pixel(9, 8)[0], opaque.get_pixel(10, 8)[0]), (255, 0));
    assert!((red.facts.transparent - 320.0 / 2240.0).abs() < 1e-6);
    assert_eq!(decode("png-alpha-opaque.png").opaque, None);
}

#[test]
fn a_category_finds_its_range_over_all_photos_and_tells_of_strangers() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("reference/photos");
    let facts = |name: &str| photo::facts(&std::fs::read(folder.join(name)).expect("readable")).expect("decodes");
    let twelve = [facts("png-12-bit.png"), facts("tiff-12-bit.tif")];
    let traits = Traits::of(&twelve);
    assert_eq!(traits.levels, Some(Levels { black: 0.0, white: 4095.0 }));
    assert_eq!(traits.grey, Some(true));
    let said = |name: &str| traits.differences(&facts(name)).iter().map(ToString::to_string).collect::<Vec<_>>();
    assert!(said("png-12-bit.png").is_empty());
    assert!(said("png-grey.png")[0].contains("8 bits a channel"), "{:?}", said("png-grey.png"));
    assert!(said("png-16-bit.png")[0].contains("clipped"), "{:?}", said("png-16-bit.png"));
    assert!(said("png-16-bit-rgb.png")[1].contains("in colour"), "{:?}", said("png-16-bit-rgb.png"));
    assert_eq!(Traits::of(&[facts("tiff-float.tif")]).levels, Some(Levels { black: 0.0, white: 1.0 }));
    assert_eq!(Traits::of(&[facts("png-rgb.png")]).levels, None);
}

/// Picture of 64 x 48 pixels whose four quarters differ.
fn quarters() -> RgbImage {
    RgbImage::from_fn(64, 48, |x, y| match (x < 32, y < 24) {
        (true, true) => image::Rgb([250, 10, 10]),
        (false, true) => image::Rgb([10, 250, 10]),
        (true, false) => image::Rgb([10, 10, 250]),
        (false, false) => image::Rgb([120, 120, 120]),
    })
}

fn encode(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).expect("encodes");
    bytes.into_inner()
}

#[test]
fn every_promised_format_is_read() {
    let image = DynamicImage::from(quarters());
    for format in
        [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP, ImageFormat::Bmp, ImageFormat::Gif, ImageFormat::Tiff]
    {
        let photo = pixels(&encode(&image, format)).unwrap_or_else(|error| panic!("{format:?}: {error}"));
        assert_eq!(photo.dimensions(), (64, 48));
        let corner = photo.get_pixel(4, 4).0;
        assert!(corner[0] > 200 && corner[1] < 60, "{format:?}: {corner:?}");
    }
}

#[test]
fn grey_alpha_and_16_bits_become_8_bit_rgb() {
    let image = DynamicImage::from(quarters());
    for variant in [
        DynamicImage::from(image.to_luma8()),
        DynamicImage::from(image.to_luma16()),
        DynamicImage::from(image.to_rgb16()),
        DynamicImage::from(image.to_rgba8()),
        DynamicImage::from(image.to_rgba16()),
        DynamicImage::from(image.to_luma_alpha8()),
    ] {
        let photo = pixels(&encode(&variant, ImageFormat::Png)).expect("decodes");
        let grey = photo.get_pixel(40, 40).0;
        assert!(grey.iter().all(|v| v.abs_diff(120) <= 1), "{:?}: {grey:?}", variant.color());
    }
}

/// JPEG with an EXIF block that holds only the orientation.
fn with_orientation(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
    let mut bytes = jpeg[..2].to_vec();
    bytes.extend([0xff, 0xe1]);
    bytes.extend(((exif.len() + 2) as u16).to_be_bytes());
    bytes.extend(exif);
    bytes.extend(&jpeg[2..]);
    bytes
}

#[test]
fn a_photo_taken_sideways_is_turned_upright() {
    let jpeg = encode(&DynamicImage::from(quarters()), ImageFormat::Jpeg);
    // Orientation 6: the stored left column is the top row of the upright photo, from right to left.
    let photo = pixels(&with_orientation(&jpeg, 6)).expect("decodes");
    assert_eq!(photo.dimensions(), (48, 64));
    for orientation in 1..=8 {
        let turned = with_orientation(&jpeg, orientation);
        let size = pixels(&turned).expect("decodes").dimensions();
        assert_eq!(photo::size(Cursor::new(turned)).expect("has a size"), size, "{orientation}");
    }
    let (top_left, top_right) = (photo.get_pixel(4, 4).0, photo.get_pixel(43, 4).0);
    assert!(top_left[2] > 200 && top_right[0] > 200, "{top_left:?}, {top_right:?}");
}

#[test]
fn what_is_no_photo_gets_a_sentence() {
    assert!(matches!(pixels(b"dear inspector"), Err(PhotoError::UnknownFormat)));
    assert!(matches!(pixels(b""), Err(PhotoError::UnknownFormat)));
    let jpeg = encode(&DynamicImage::from(quarters()), ImageFormat::Jpeg);
    // Without the end marker, the last two bytes, every pixel is there.
    for length in 0..jpeg.len() - 2 {
        assert!(pixels(&jpeg[..length]).is_err(), "cut to {length} bytes");
    }
    let png = encode(&DynamicImage::from(quarters()), ImageFormat::Png);
    for length in 0..png.len() - 12 {
        assert!(pixels(&png[..length]).is_err(), "cut to {length} bytes");
    }
    let tiny = encode(&DynamicImage::new_rgb8(1, 1), ImageFormat::Png);
    assert!(matches!(pixels(&tiny), Err(PhotoError::TooSmall { width: 1, height: 1 })));
}

#[test]
fn the_end_of_a_thumbnail_is_not_the_end_of_the_photo() {
    let mut jpeg = with_orientation(&encode(&DynamicImage::from(quarters()), ImageFormat::Jpeg), 1);
    // The file ends inside the EXIF segment.
    jpeg[30..32].copy_from_slice(&[0xff, 0xd9]);
    assert!(pixels(&jpeg[..jpeg.len() - 30]).is_err());
    jpeg.extend(b"a phone's video");
    assert!(pixels(&jpeg).is_ok());
}

#[test]
fn a_header_that_claims_a_huge_image_allocates_nothing() {
    let mut png = encode(&DynamicImage::from(quarters()), ImageFormat::Png);
    // The second photo is small, but becomes too large when it is scaled up to windows of 224 x 224.
    for (wide, high) in [(30_000_u32, 30_000_u32), (3_000_000, 32)] {
        png[16..20].copy_from_slice(&wide.to_be_bytes());
        png[20..24].copy_from_slice(&high.to_be_bytes());
        let checksum = crc32(&png[12..29]);
        png[29..33].copy_from_slice(&checksum.to_be_bytes());
        let result = pixels(&png);
        assert!(
            matches!(result, Err(PhotoError::TooLarge { width, height }) if (width, height) == (wide, high)),
            "{result:?}"
        );
    }
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    })
}
