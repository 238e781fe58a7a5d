//! Check of a GPU: a device that computes other scores than the CPU is refused.

use burn::tensor::Device;
use cse::files::category_file::CategoryModel;
use cse::files::extractor_file::Extractor;
use cse::image::photo::Photo;
use cse::network::efficientnet::Architecture;
use cse::scoring::gpu_check::{self, GpuError};
use cse::scoring::predictor::Predictor;
use futures_lite::future::block_on;
use image::{Rgb, RgbImage};

use crate::model_files::category_bytes;

#[test]
fn a_device_with_other_weights_is_refused() {
    let device = Device::flex();
    let extractor = |seed| Extractor::load(cse_tests::random_extractor(Architecture::B0, seed), &device);
    let right = extractor(1).expect("loads");
    // A device that computes as if one network were another.
    let wrong = Extractor { info: right.info.clone(), network: extractor(2).expect("loads").network };
    let category = CategoryModel::load(&category_bytes(&right.info.id), &right.info, &device).expect("loads");
    let photo = Photo::of_pixels(RgbImage::from_fn(64, 64, |x, y| Rgb([(x * 4) as u8, (y * 4) as u8, (x ^ y) as u8])));
    let on = |extractor| Predictor { extractor, category: &category, device: &device };
    assert!(block_on(gpu_check::check(&on(&right), &on(&right), &photo)).is_ok());
    let refused = block_on(gpu_check::check(&on(&wrong), &on(&right), &photo)).expect_err("other weights");
    assert!(matches!(refused, GpuError::Wrong { gpu, cpu } if gpu != cpu), "{refused}");
    assert!(refused.to_string().contains("use the CPU"), "{refused}");
}
