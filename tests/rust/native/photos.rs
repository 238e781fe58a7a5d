//! Every kind of file that a user may drop: a photo, or a sentence.

use std::io::Cursor;

use cse::photo::{self, PhotoError};
use image::{DynamicImage, ImageFormat, RgbImage};

/// A picture whose four quarters differ, 64 x 48.
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
        let photo = photo::decode(&encode(&image, format)).unwrap_or_else(|error| panic!("{format:?}: {error}"));
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
        let photo = photo::decode(&encode(&variant, ImageFormat::Png)).expect("decodes");
        let grey = photo.get_pixel(40, 40).0;
        assert!(grey.iter().all(|v| v.abs_diff(120) <= 1), "{:?}: {grey:?}", variant.color());
    }
}

/// A JPEG with an EXIF block that says only which way is up.
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
    // 6: the camera was turned left; the stored left column is the top row of the upright photo, from right to left.
    let photo = photo::decode(&with_orientation(&jpeg, 6)).expect("decodes");
    assert_eq!(photo.dimensions(), (48, 64));
    for orientation in 1..=8 {
        let turned = with_orientation(&jpeg, orientation);
        let size = photo::decode(&turned).expect("decodes").dimensions();
        assert_eq!(photo::size(Cursor::new(turned)).expect("has a size"), size, "{orientation}");
    }
    let (top_left, top_right) = (photo.get_pixel(4, 4).0, photo.get_pixel(43, 4).0);
    assert!(top_left[2] > 200 && top_right[0] > 200, "{top_left:?}, {top_right:?}");
}

#[test]
fn what_is_no_photo_gets_a_sentence() {
    assert!(matches!(photo::decode(b"dear inspector"), Err(PhotoError::UnknownFormat)));
    assert!(matches!(photo::decode(b""), Err(PhotoError::UnknownFormat)));
    // Images, but of formats that are not decoded here.
    for other in [&b"P5 64 64 255\n"[..], b"\0\0\0\x1cftypavif\0\0\0\0avifmif1", b"\x76\x2f\x31\x01\x02\0\0\0"] {
        assert!(matches!(photo::decode(other), Err(PhotoError::UnknownFormat)), "{other:?}");
    }
    let jpeg = encode(&DynamicImage::from(quarters()), ImageFormat::Jpeg);
    for length in 0..jpeg.len() {
        assert!(photo::decode(&jpeg[..length]).is_err(), "cut to {length} bytes");
    }
    let png = encode(&DynamicImage::from(quarters()), ImageFormat::Png);
    for length in 0..png.len() - 12 {
        assert!(photo::decode(&png[..length]).is_err(), "cut to {length} bytes");
    }
    let tiny = encode(&DynamicImage::new_rgb8(1, 1), ImageFormat::Png);
    assert!(matches!(photo::decode(&tiny), Err(PhotoError::TooSmall { width: 1, height: 1 })));
}

#[test]
fn the_end_of_a_thumbnail_is_not_the_end_of_the_photo() {
    let mut jpeg = with_orientation(&encode(&DynamicImage::from(quarters()), ImageFormat::Jpeg), 1);
    // Inside the EXIF segment.
    jpeg[30..32].copy_from_slice(&[0xff, 0xd9]);
    assert!(photo::decode(&jpeg[..jpeg.len() - 2]).is_err());
    jpeg.extend(b"a phone's video");
    assert!(photo::decode(&jpeg).is_ok());
}

#[test]
fn a_header_that_claims_a_huge_image_allocates_nothing() {
    let mut png = encode(&DynamicImage::from(quarters()), ImageFormat::Png);
    // The second one is small, but not once it is scaled up to windows of 224 x 224.
    for (wide, high) in [(30_000_u32, 30_000_u32), (3_000_000, 32)] {
        png[16..20].copy_from_slice(&wide.to_be_bytes());
        png[20..24].copy_from_slice(&high.to_be_bytes());
        let checksum = crc32(&png[12..29]);
        png[29..33].copy_from_slice(&checksum.to_be_bytes());
        let result = photo::decode(&png);
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
