//! Valid files that inputs are made from.

use std::io::Cursor;
use std::path::Path;

use image::{DynamicImage, ImageFormat};

/// Files in the seeds' folder with one of the `endings`.
fn files(endings: &[&str]) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rust/fuzz/seeds");
    let entries = std::fs::read_dir(folder).expect("the seeds are there");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("listed").path()).collect();
    // The order must be the same on every machine, because an input's number depends on it.
    paths.sort();
    paths.retain(|path| path.extension().is_some_and(|ending| endings.iter().any(|wanted| ending == *wanted)));
    paths.iter().map(|path| std::fs::read(path).expect("readable")).collect()
}

/// Small photos of every kind that can be read.
pub fn photos() -> Vec<Vec<u8>> {
    let rgba = image::RgbaImage::from_fn(36, 33, |x, y| {
        let (x, y) = (x as u8, y as u8);
        image::Rgba([x * 7, y * 5, x ^ y, if x < 4 { 0 } else { 255 }])
    });
    let rgba = DynamicImage::from(rgba);
    let rgb = DynamicImage::from(rgba.to_rgb8());
    let grey = DynamicImage::from(rgba.to_luma8());
    let (grey_alpha, deep_grey) = (DynamicImage::from(rgba.to_luma_alpha8()), DynamicImage::from(rgba.to_luma16()));
    let (deep, deep_alpha) = (DynamicImage::from(rgba.to_rgb16()), DynamicImage::from(rgba.to_rgba16()));
    let encoded = |photo: &DynamicImage, format| {
        let mut bytes = Cursor::new(Vec::new());
        photo.write_to(&mut bytes, format).expect("encodes");
        bytes.into_inner()
    };
    let pngs = [&rgba, &rgb, &grey, &grey_alpha, &deep_grey, &deep, &deep_alpha];
    let pngs = pngs.map(|photo| encoded(photo, ImageFormat::Png));
    let others = [
        (&rgb, ImageFormat::Jpeg),
        (&grey, ImageFormat::Jpeg),
        (&rgba, ImageFormat::WebP),
        (&rgb, ImageFormat::WebP),
        (&rgb, ImageFormat::Bmp),
        (&grey, ImageFormat::Bmp),
        (&rgba, ImageFormat::Gif),
        (&deep_alpha, ImageFormat::Tiff),
        (&grey, ImageFormat::Tiff),
    ];
    let others = others.map(|(photo, format)| encoded(photo, format));
    pngs.into_iter().chain(others).chain(files(&["png", "jpg", "webp", "gif", "bmp", "tif"])).collect()
}

/// Small PyTorch checkpoints in each form.
pub fn checkpoints() -> Vec<Vec<u8>> {
    files(&["pth"])
}
