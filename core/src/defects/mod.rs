//! Synthetic defects for the contrastive training on good images (paper, section "Defect generation").
//!
//! Each of the paper's three kinds has a mask ([`perlin_mask`]) and a source of pixels inside it. The sources are another
//! texture ([`textural`]), the shuffled image ([`structural`]) and the blurred image ([`blurred`]). The paper leaves some
//! ranges open. They are those of the authors' released generator, which uses the Python library imgaug 0.4.
//!
//! The default contrasts with textural and structural defects ([`DefectKind::DEFAULT_MIX`]). Four more kinds, which are not in
//! the paper, are small or faint: translucent ones ([`DefectKind::Faint`]), and marks on the image ([`scratch`], [`spot`],
//! [`stain`]). The generators of other papers are there for comparison ([`Generator`], [`cutpaste`]).
//!
//! Outside the mask the image is unchanged, except for the soft edges of marks ([`DefectKind::has_soft_edges`]).

use rand_chacha::ChaCha8Rng;

mod blend;
pub mod blurred;
pub mod cutpaste;
pub mod generated_textures;
mod generator;
mod kind;
mod maker;
mod mark;
mod mix;
pub mod perlin_mask;
pub mod photometric;
mod random;
pub mod rotation;
pub mod scratch;
pub mod spot;
pub mod stain;
pub mod statistics;
pub mod structural;
pub mod textural;

pub use generator::Generator;
pub use kind::DefectKind;
pub use maker::{DefectMaker, Defective, NoKinds};
pub use mix::Mix;

/// Draws three different entries of `choices`, in random order, for the augmentation of a source.
fn three_of<T: Copy>(mut choices: impl AsMut<[T]>, rng: &mut ChaCha8Rng) -> Vec<T> {
    use rand::seq::SliceRandom;
    choices.as_mut().partial_shuffle(rng, 3).0.to_vec()
}

#[cfg(test)]
mod tests {
    use image::RgbImage;

    use super::*;

    /// A texture without symmetry, so that every source differs from it almost everywhere.
    pub(super) fn texture(width: u32, height: u32) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| {
            let (x, y) = (f64::from(x), f64::from(y));
            let wave = |a: f64, b: f64| (127.5 + 127.5 * (a * x + b * y + (x * y).sqrt() * 0.3).sin()) as u8;
            image::Rgb([wave(0.31, 0.17), wave(0.11, 0.43), wave(0.05, 0.29)])
        })
    }

    fn maker(kind: DefectKind) -> DefectMaker {
        DefectMaker::new(vec![kind], Vec::new()).unwrap()
    }

    #[test]
    fn the_seed_decides_everything() {
        let image = texture(64, 64);
        for kind in DefectKind::ALL {
            let (a, b, c) = (maker(kind).make(&image, 5), maker(kind).make(&image, 5), maker(kind).make(&image, 6));
            assert_eq!((&a.image, &a.mask, a.kind), (&b.image, &b.mask, b.kind));
            assert_ne!(a.mask, c.mask);
            assert_eq!(a.kind, kind);
            let (a, b) = (maker(kind).make_kind(&image, kind, 5), maker(DefectKind::Spot).make_kind(&image, kind, 5));
            assert_eq!((&a.image, &a.mask, a.kind), (&b.image, &b.mask, b.kind));
        }
    }

    #[test]
    fn only_masked_pixels_change() {
        for (width, height) in [(224, 224), (97, 61), (8, 8), (320, 40)] {
            let image = texture(width, height);
            for kind in DefectKind::ALL.into_iter().filter(|kind| !kind.has_soft_edges()) {
                let (mut masked, mut changed) = (0, 0);
                for seed in 0..10 {
                    let made = maker(kind).make(&image, seed);
                    assert_eq!(made.image.dimensions(), image.dimensions());
                    assert_eq!(made.mask.dimensions(), image.dimensions());
                    for ((new, old), mask) in made.image.pixels().zip(image.pixels()).zip(made.mask.pixels()) {
                        match mask.0[0] {
                            0 => assert_eq!(new, old),
                            value => {
                                assert_eq!(value, 255);
                                masked += 1;
                                changed += u32::from(new != old);
                            }
                        }
                    }
                }
                assert!(f64::from(changed) > 0.7 * f64::from(masked), "{kind} {width}x{height}: {changed} of {masked}");
            }
        }
    }

    #[test]
    fn soft_edges_are_faint() {
        // The image is grey, so that no tint adds to the strength. At most a quarter of the strength lies outside the mask.
        let image = RgbImage::from_fn(224, 224, |x, y| image::Rgb([(100 + (x * 7 + y * 3) % 50) as u8; 3]));
        for (kind, strongest) in [(DefectKind::Scratch, 110), (DefectKind::Spot, 120), (DefectKind::Stain, 70)] {
            assert!(kind.has_soft_edges());
            for seed in 0..40 {
                let made = maker(kind).make(&image, seed);
                for ((new, old), mask) in made.image.pixels().zip(image.pixels()).zip(made.mask.pixels()) {
                    let change = new.0[0].abs_diff(old.0[0]);
                    match mask.0[0] {
                        0 => assert!(change <= strongest / 4 + 1, "{kind} {seed}: {change}"),
                        // A quarter of the least strength, 8 grey levels.
                        value => assert!(value == 255 && change >= 2, "{kind} {seed}: {change}"),
                    }
                }
            }
        }
    }

    #[test]
    fn masks_are_never_empty_at_the_input_size() {
        let image = texture(224, 224);
        for kind in DefectKind::ALL {
            for seed in 0..100 {
                let made = maker(kind).make(&image, seed);
                assert!(made.mask.as_raw().contains(&255) && made.image != image, "{kind} {seed}");
            }
        }
    }

    #[test]
    fn faint_defects_are_fainter() {
        let image = texture(224, 224);
        let change = |kind| {
            let of = |seed| statistics::Statistics::of(&image, &maker(kind).make(&image, seed)).change;
            (0..60).map(of).sum::<f64>() / 60.0
        };
        let (faint, full) = (change(DefectKind::Faint), change(DefectKind::Textural) + change(DefectKind::Structural));
        assert!((0.3..0.55).contains(&(faint / (full / 2.0))), "{faint} {full}");
    }

    #[test]
    fn kinds_come_in_the_proportions_of_the_mix() {
        // Chi-squared with 2 and 1 degrees of freedom: above these once in a thousand.
        for (mix, limit) in [(DefectKind::PAPER.to_vec(), 13.8), (DefectKind::DEFAULT_MIX.to_vec(), 10.8)] {
            let maker = DefectMaker::new(mix, Vec::new()).unwrap();
            let image = texture(16, 16);
            let mut counts = [0.0_f64; DefectKind::ALL.len()];
            for seed in 0..1600 {
                counts[maker.make(&image, seed).kind as usize] += 1.0;
            }
            let shares = maker.shares();
            assert!((shares.iter().map(|(_, share)| share).sum::<f64>() - 1.0).abs() < 1e-12);
            let chi_squared = shares.iter().map(|&(kind, share)| {
                let expected = 1600.0 * share;
                (counts[kind as usize] - expected).powi(2) / expected
            });
            assert!(chi_squared.sum::<f64>() < limit, "{counts:?}");
        }
        // A kind that is named twice is drawn twice as often.
        let mix = vec![DefectKind::Scratch, DefectKind::Spot, DefectKind::Scratch, DefectKind::Stain];
        let shares = DefectMaker::new(mix, Vec::new()).unwrap().shares();
        let expected = [(DefectKind::Scratch, 0.5), (DefectKind::Spot, 0.25), (DefectKind::Stain, 0.25)];
        assert_eq!(shares, expected);
    }

    #[test]
    fn no_size_is_fatal() {
        for (width, height) in [(0, 0), (0, 5), (5, 0), (1, 1), (3, 1), (7, 2), (1, 30), (9, 9), (700, 3)] {
            for kind in DefectKind::ALL {
                for seed in 0..20 {
                    let made = maker(kind).make(&texture(width, height), seed);
                    assert_eq!(made.image.dimensions(), (width, height));
                    assert_eq!(made.mask.dimensions(), (width, height));
                }
            }
        }
    }

    #[test]
    fn textures_given_are_used() {
        // The source has one colour, and every augmentation keeps it so.
        let maker =
            DefectMaker::new(vec![DefectKind::Textural], vec![RgbImage::from_pixel(30, 20, image::Rgb([9, 99, 200]))]);
        let made = maker.unwrap().make(&texture(64, 64), 3);
        let mut inside =
            made.image.pixels().zip(made.mask.pixels()).filter(|(_, mask)| mask.0[0] == 255).map(|(p, _)| p);
        let first = inside.next().unwrap();
        assert!(inside.all(|pixel| pixel == first));
    }

    #[test]
    fn kinds_have_names() {
        for kind in DefectKind::ALL {
            assert_eq!(kind.to_string().parse(), Ok(kind));
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{kind}\""));
        }
        assert!("dent".parse::<DefectKind>().is_err());
        assert_eq!(DefectMaker::new(Vec::new(), Vec::new()).unwrap_err(), NoKinds);
    }
}
