//! Parts of a photo that are not inspected: their pixels change no score, and the map has no value there.

use std::path::Path;

use burn::tensor::Device;
use cse::files::category_file::{self, CategoryModel};
use cse::files::extractor_file::Extractor;
use cse::image::photo::{IgnoreMask, Photo, Reading};
use cse::network::efficientnet::Architecture;
use cse::scoring::prediction::Prediction;
use cse::scoring::predictor::Predictor;
use image::{GrayImage, Luma, Rgb, RgbImage};

use crate::model_files::category_bytes;

/// Extractor and category model with random weights. Every call draws new ones.
fn models() -> (Extractor, CategoryModel) {
    let device = Device::flex();
    let extractor = Extractor::load(cse_tests::random_extractor(Architecture::B0, 1), &device).expect("loads");
    let category = CategoryModel::load(&category_bytes(&extractor.info.id), &extractor.info, &device).expect("loads");
    (extractor, category)
}

fn predict((extractor, category): &(Extractor, CategoryModel), photo: &Photo) -> Prediction {
    let predictor = Predictor { extractor, category, device: &Device::flex() };
    futures_lite::future::block_on(predictor.predict(photo)).expect("a prediction")
}

fn map(prediction: &Prediction, side: usize) -> Vec<f32> {
    prediction.map(side, side)
}

/// A surface of 224 x 224 with a square at a place.
fn surface(square: Option<(u32, u32)>) -> RgbImage {
    RgbImage::from_fn(224, 224, |x, y| {
        let inside = square.is_some_and(|(left, top)| (left..left + 40).contains(&x) && (top..top + 40).contains(&y));
        let value = 120 + (x * 7 % 13) as u8 + (y * 5 % 11) as u8;
        if inside { Rgb([250, 20, 20]) } else { Rgb([value, value - 10, value - 20]) }
    })
}

#[test]
fn a_colour_behind_transparency_changes_no_score() {
    let models = models();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("reference/photos");
    let of = |name: &str| {
        let bytes = std::fs::read(folder.join(name)).expect("readable");
        predict(&models, &cse::image::photo::decode(&bytes, None).expect("decodes"))
    };
    let (red, black) = (of("png-alpha.png"), of("png-alpha-over-black.png"));
    assert_eq!(red.score, black.score);
    // The hole spans columns 10 to 29 of 56 and rows 8 to 23 of 40.
    let map = map(&red, 56);
    assert!(map[22 * 56 + 20].is_nan() && map[50 * 56 + 50].is_finite());
}

#[test]
fn an_ignored_region_is_not_inspected() {
    let models = models();
    let mask = GrayImage::from_fn(448, 448, |x, y| Luma([u8::from(x < 160 && y < 160)]));
    let region = IgnoreMask::new(&mask).expect("marks something");
    let of = |square: Option<(u32, u32)>, region: Option<&IgnoreMask>| {
        let mut photo = Photo::of_pixels(surface(square));
        region.into_iter().for_each(|region| photo.leave_out(region).expect("something is left"));
        predict(&models, &photo)
    };
    let plain = of(None, Some(&region));
    assert_eq!(of(Some((20, 20)), Some(&region)).score, plain.score);
    assert_ne!(of(Some((20, 20)), None).score, of(None, None).score);
    assert_ne!(of(Some((150, 150)), Some(&region)).score, plain.score);
    let map = map(&plain, 224);
    assert!(map[40 * 224 + 40].is_nan() && map[180 * 224 + 180].is_finite());
    assert_eq!(map.iter().filter(|value| value.is_nan()).count(), (96 * 96));
}

#[test]
fn a_model_file_holds_its_ignored_region() {
    let (mut info, tensors) = category_file::read(&category_bytes("0")).expect("readable");
    assert_eq!(info.reading(), Reading::default());
    info.ignored = IgnoreMask::new(&GrayImage::from_fn(1000, 400, |x, _| Luma([u8::from(x > 900)])));
    let bytes = category_file::write(&info, &tensors).expect("complete");
    let again = category_file::read_info(&bytes).expect("readable");
    assert_eq!(again.reading().ignored, info.ignored);
    let everything = IgnoreMask::new(&GrayImage::from_pixel(9, 9, Luma([1]))).expect("marks something");
    assert!(Photo::of_pixels(surface(None)).leave_out(&everything).is_err());
    assert_eq!(IgnoreMask::new(&GrayImage::new(9, 9)), None);
}
