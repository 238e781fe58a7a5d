//! Verdict on photos of another shape, whose score says nothing.

use burn::tensor::Device;
use cse::files::category_file::CategoryModel;
use cse::files::extractor_file::Extractor;
use cse::image::photo::{Photo, Proportions};
use cse::network::efficientnet::Architecture;
use cse::scoring::predictor::Predictor;
use cse::scoring::verdict::Verdict;
use futures_lite::future::block_on;
use image::{Rgb, RgbImage};

use crate::model_files::category_bytes;

#[test]
fn a_strip_is_unlike_square_photos_whatever_its_score() {
    let device = Device::flex();
    let extractor = Extractor::load(cse_tests::random_extractor(Architecture::B0, 1), &device).expect("loads");
    let mut category =
        CategoryModel::load(&category_bytes(&extractor.info.id), &extractor.info, &device).expect("loads");
    category.info.photos.proportions = Some(Proportions { narrowest: 0.8, widest: 1.25 });
    let verdict_on = |width, height| {
        let photo = Photo::of_pixels(RgbImage::from_fn(width, height, |x, y| Rgb([(x ^ y) as u8; 3])));
        let predictor = Predictor { extractor: &extractor, category: &category, device: &device };
        let prediction = block_on(predictor.predict(&photo)).expect("finite");
        let told = category.info.differences(&photo.facts).iter().map(ToString::to_string).collect::<String>();
        (Verdict::new(&prediction, f32::MAX), told.contains("distorted"))
    };
    assert_eq!(verdict_on(200, 160), (Verdict::NoDefect, false));
    // 2 : 1 is 1.6 times as wide as the widest: it is told, and judged.
    assert_eq!(verdict_on(240, 120), (Verdict::NoDefect, true));
    assert_eq!(verdict_on(640, 64), (Verdict::Unlike, true));
    assert_eq!(verdict_on(64, 640), (Verdict::Unlike, true));
}
