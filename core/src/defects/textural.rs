//! Source of the textural defects: an augmented image of the anomaly source.

use image::{RgbImage, imageops};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::{generated_textures, photometric, three_of};

#[derive(Clone, Copy)]
enum Augmentation {
    Gamma,
    Brightness,
    Sharpness,
    HueAndSaturation,
    Solarize,
    Posterize,
    Invert,
    Autocontrast,
    Equalize,
}

/// Draws an image of `size` (width, height) from `sources`, or generates a texture if there are none. Then it applies three
/// different augmentations, drawn from this list:
///
/// - gamma contrast 0.5-2.0, different in each channel;
/// - brightness x0.8-1.2 and +-30;
/// - sharpness 0 (soft) to 2 (sharp);
/// - hue and saturation +-10 of 255, drawn separately;
/// - solarization above 32-128, in half of the draws;
/// - 1 to 8 bits a channel;
/// - the negative;
/// - contrast stretched, with 0-20 % of the values cut off at either end;
/// - histogram equalization.
pub fn textural_source(sources: &[RgbImage], size: (u32, u32), rng: &mut ChaCha8Rng) -> RgbImage {
    use Augmentation::*;
    let (width, height) = size;
    let mut source = match sources.len() {
        0 => generated_textures::generated_texture(width, height, rng),
        count => {
            let texture = &sources[rng.random_range(0..count)];
            if texture.dimensions() == size {
                texture.clone()
            } else {
                imageops::resize(texture, width, height, imageops::FilterType::Triangle)
            }
        }
    };
    let choices = [Gamma, Brightness, Sharpness, HueAndSaturation, Solarize, Posterize, Invert, Autocontrast, Equalize];
    for augmentation in three_of(choices, rng) {
        match augmentation {
            Gamma => photometric::gamma_contrast(&mut source, [(); 3].map(|()| rng.random_range(0.5..=2.0))),
            Brightness => {
                photometric::brightness(&mut source, rng.random_range(0.8..=1.2), rng.random_range(-30.0..=30.0));
            }
            Sharpness => photometric::sharpness(&mut source, rng.random_range(0.0..=2.0)),
            HueAndSaturation => {
                let [hue, saturation] = [(); 2].map(|()| rng.random_range(-10.0..=10.0) / 255.0);
                photometric::add_hue_and_saturation(&mut source, hue * 360.0, saturation);
            }
            Solarize => {
                if rng.random_bool(0.5) {
                    photometric::solarize(&mut source, rng.random_range(32..=128));
                }
            }
            Posterize => photometric::posterize(&mut source, rng.random_range(1..=8)),
            Invert => imageops::invert(&mut source),
            Autocontrast => photometric::autocontrast(&mut source, rng.random_range(0..=20)),
            Equalize => photometric::equalize(&mut source),
        }
    }
    source
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::defects::tests::texture;
    use rand::SeedableRng;

    #[test]
    fn every_draw_has_the_size_asked_for() {
        let rng = &mut ChaCha8Rng::seed_from_u64(0);
        let sources = [texture(50, 30), texture(20, 40)];
        for _ in 0..30 {
            assert_eq!(textural_source(&sources, (20, 40), rng).dimensions(), (20, 40));
        }
    }

    #[test]
    fn sources_are_drawn_and_augmented_anew() {
        let rng = &mut ChaCha8Rng::seed_from_u64(1);
        let sources = [texture(32, 32)];
        let draws: Vec<_> = (0..20).map(|_| textural_source(&sources, (32, 32), rng)).collect();
        let different: std::collections::HashSet<_> = draws.iter().map(|draw| draw.as_raw()).collect();
        assert!(different.len() > 15, "{}", different.len());
    }
}
