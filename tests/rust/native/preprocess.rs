//! Parity of the preprocessing with Pillow and torchvision (`tests/reference/preprocess.py`).

use std::collections::BTreeMap;

use cse::image::preprocess;
use cse::image::view::View;
use cse_tests::formula;
use cse_tests::golden::Summary;
use image::RgbImage;

const HEIGHT: usize = 300;
const WIDTH: usize = 410;

/// Blocks of 5 x 5 pixels, each pixel a little different: edges and noise.
fn photo() -> RgbImage {
    let blocks: Vec<f64> = formula::noise("blocks").take(HEIGHT / 5 * (WIDTH / 5) * 3).collect();
    let mut pixels = formula::noise("pixels");
    RgbImage::from_fn(WIDTH as u32, HEIGHT as u32, |x, y| {
        let block = (y as usize / 5 * (WIDTH / 5) + x as usize / 5) * 3;
        let mut value =
            |channel: usize| 128.0 + 96.0 * blocks[block + channel] + 31.0 * pixels.next().unwrap_or_default();
        image::Rgb([0, 1, 2].map(|channel| value(channel).floor() as u8))
    })
}

#[test]
fn a_photo_is_prepared_as_by_pillow_and_torchvision() {
    let reference: BTreeMap<String, Summary> =
        serde_json::from_str(include_str!("../../reference/preprocess.json")).expect("the reference's form");
    for (name, view) in [("crop", View::Crop), ("resize", View::Resize)] {
        let windows: Vec<RgbImage> = view.windows(&photo()).images().collect();
        let ours: Vec<f32> = preprocess::to_data(&windows).try_into_vec().expect("f32");
        // The difference is in 8-bit steps, by the smallest of the three standard deviations. Pillow resamples along rows
        // first, and our resizer along columns. Both round in between, so that they may differ by one.
        let steps = reference[name].greatest_difference(&ours) * 0.224 * 255.0;
        println!("{name}: off by {steps:.3} of 255");
        assert!(steps < 1.05, "{name}: off by {steps} of 255");
        // Most pixels are the same.
        assert!(reference[name].error(&ours) < 0.02, "{name}: {}", reference[name].error(&ours));
    }
}
