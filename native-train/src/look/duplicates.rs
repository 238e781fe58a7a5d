//! Near-duplicate detection between training and test photos, and copies of a file.
//!
//! A copy has the same file. A near-duplicate was saved again, scaled or made brighter, but has the same large forms.
//! The forms are the logarithms of a photo's 32 x 32 mean brightnesses. The mean over all photos of the data set and the
//! mean of each cell's surroundings are subtracted. The signs are a hash of 1,024 bits. If the forms of two photos have
//! the correlation r, the expected share of different bits is acos(r) / pi (Goemans and Williamson, 1995).

use image::RgbImage;

/// Number of mean brightnesses in a row and in a column.
const SIDE: usize = 32;
/// Most bits of 1,024 that differ between near-duplicates: a correlation of 0.94. Unrelated photos differ in about half.
///
/// On magnetic tile, 6 of 580 test photos are near-duplicates of a training photo. All 6 are other exposures of the same
/// tile. A limit of 0.9 finds 17, of which 6 show other tiles.
const MOST_DIFFERENT: u32 = 113;
/// Number of cells on either side that are a cell's surroundings.
const AROUND: usize = 4;
/// Fewest photos whose mean is subtracted. The mean of fewer photos would still show the single photos.
const MANY: usize = 10;
/// A photo shows only noise if the root mean square of its forms is below this: half a grey level of 128.
const PLAIN: f32 = 0.004;
/// Offset of the brightness, so that the logarithms of black cells are near those of dark cells.
const DARK: f32 = 8.0;
/// A test photo that is near more training photos than this, and than a twentieth of them, shows a pattern of all photos.
const MOST_ALIKE: usize = 3;
/// Scale of a logarithm in 16 bits.
const SCALE: f32 = 8192.0;

/// Logarithms of the mean brightness of 32 x 32 cells.
#[derive(Debug)]
pub struct Thumbnail(Vec<u16>);

impl Thumbnail {
    /// Computes the thumbnail of a photo of any shape.
    pub fn of(photo: &RgbImage) -> Self {
        let (width, height) = (photo.width() as usize, photo.height() as usize);
        let (mut sums, mut counts) = (vec![0u64; SIDE * SIDE], vec![0u64; SIDE * SIDE]);
        let columns: Vec<usize> = (0..width).map(|x| x * SIDE / width).collect();
        for (y, row) in photo.rows().enumerate() {
            let first = y * SIDE / height * SIDE;
            for (pixel, column) in row.zip(&columns) {
                sums[first + column] += pixel.0.iter().map(|value| u64::from(*value)).sum::<u64>();
                counts[first + column] += 3;
            }
        }
        let logarithm = |(sum, count): (&u64, &u64)| {
            let mean = *sum as f32 / (*count).max(1) as f32;
            ((mean + DARK).ln() * SCALE) as u16
        };
        Self(sums.iter().zip(&counts).map(logarithm).collect())
    }

    fn values(&self) -> impl Iterator<Item = f32> {
        self.0.iter().map(|value| f32::from(*value) / SCALE)
    }
}

/// Signs of a photo's forms. None for a photo that shows only noise.
type Signs = Option<[u64; SIDE * SIDE / 64]>;

/// Training photo and test photo that are near-duplicates, by their numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// Number of the training photo.
    pub train: usize,
    /// Number of the test photo.
    pub test: usize,
    /// Correlation of their forms.
    pub correlation: f64,
}

/// Pairs of near-duplicates: each test photo with the nearest training photo.
pub fn near(train: &[&Thumbnail], test: &[&Thumbnail]) -> Vec<Pair> {
    let common = common(train, test);
    let signs = |photos: &[&Thumbnail]| photos.iter().map(|photo| signs(photo, &common)).collect::<Vec<Signs>>();
    let (train, test) = (signs(train), signs(test));
    let most = MOST_ALIKE.max(train.len() / 20);
    let pair = |(number, photo): (usize, &Signs)| {
        let photo = photo.as_ref()?;
        let distance = |other: &Signs| other.as_ref().map(|other| different(photo, other));
        let alike = train.iter().enumerate().filter_map(|(number, other)| Some((distance(other)?, number)));
        let alike: Vec<(u32, usize)> = alike.filter(|(bits, _)| *bits <= MOST_DIFFERENT).collect();
        let (bits, nearest) = *alike.iter().min().filter(|_| alike.len() <= most)?;
        let correlation = (std::f64::consts::PI * f64::from(bits) / (SIDE * SIDE) as f64).cos();
        Some(Pair { train: nearest, test: number, correlation })
    };
    test.iter().enumerate().filter_map(pair).collect()
}

/// Mean of all photos: what their subject and its light have in common.
fn common(train: &[&Thumbnail], test: &[&Thumbnail]) -> Vec<f32> {
    let mut mean = vec![0.0; SIDE * SIDE];
    let count = train.len() + test.len();
    if count >= MANY {
        for photo in train.iter().chain(test) {
            mean.iter_mut().zip(photo.values()).for_each(|(mean, value)| *mean += value / count as f32);
        }
    }
    mean
}

fn signs(photo: &Thumbnail, common: &[f32]) -> Signs {
    let own: Vec<f32> = photo.values().zip(common).map(|(value, common)| value - common).collect();
    let near = |at: usize| at.saturating_sub(AROUND)..(at + AROUND + 1).min(SIDE);
    let form = |cell: usize| {
        let (rows, columns) = (near(cell / SIDE), near(cell % SIDE));
        let count = (rows.len() * columns.len()) as f32;
        let sum: f32 = rows.map(|row| own[row * SIDE..][columns.clone()].iter().sum::<f32>()).sum();
        own[cell] - sum / count
    };
    let forms: Vec<f32> = (0..SIDE * SIDE).map(form).collect();
    let power = forms.iter().map(|form| form * form).sum::<f32>() / forms.len() as f32;
    if power.sqrt() < PLAIN {
        return None;
    }
    let mut signs = [0; SIDE * SIDE / 64];
    forms.iter().enumerate().for_each(|(cell, form)| signs[cell / 64] |= u64::from(*form > 0.0) << (cell % 64));
    Some(signs)
}

fn different(a: &[u64], b: &[u64]) -> u32 {
    a.iter().zip(b).map(|(a, b)| (a ^ b).count_ones()).sum()
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use image::imageops::{self, FilterType};
    use image::{ImageFormat, Rgb};
    use rand::{RngExt, SeedableRng};

    use super::*;

    /// Photos of a blotchy surface under a light that is the same for all.
    fn photos(count: usize, seed: u64) -> Vec<RgbImage> {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        let mut photo = || {
            let coarse = RgbImage::from_fn(40, 30, |x, _| {
                let value = rng.random_range(60..160u8) + 2 * x as u8;
                Rgb([value, value / 2, value / 3])
            });
            imageops::resize(&coarse, 200, 150, FilterType::CatmullRom)
        };
        (0..count).map(|_| photo()).collect()
    }

    fn pairs(train: &[RgbImage], test: &[RgbImage]) -> Vec<(usize, usize)> {
        let thumbnails = |photos: &[RgbImage]| photos.iter().map(Thumbnail::of).collect::<Vec<_>>();
        let (train, test) = (thumbnails(train), thumbnails(test));
        let found = near(&train.iter().collect::<Vec<_>>(), &test.iter().collect::<Vec<_>>());
        found.iter().map(|pair| (pair.train, pair.test)).collect()
    }

    #[test]
    fn a_photo_that_was_saved_again_is_found() {
        let train = photos(20, 1);
        let mut test = photos(12, 2);
        let mut jpeg = Cursor::new(Vec::new());
        train[3].write_to(&mut jpeg, ImageFormat::Jpeg).unwrap();
        test[1] = image::load_from_memory(jpeg.get_ref()).unwrap().into_rgb8();
        test[5] = imageops::resize(&train[7], 90, 70, FilterType::Triangle);
        test[8] = RgbImage::from_fn(200, 150, |x, y| Rgb(train[9].get_pixel(x, y).0.map(|value| value / 5 * 4)));
        assert_eq!(pairs(&train, &test), [(3, 1), (7, 5), (9, 8)]);
    }

    #[test]
    fn other_photos_of_a_surface_are_not_the_same() {
        assert!(pairs(&photos(60, 1), &photos(60, 2)).is_empty());
        // All photos of a regular surface are similar.
        let stripes = |count: usize, seed: u64| -> Vec<RgbImage> {
            let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
            let mut photo =
                || RgbImage::from_fn(96, 96, |x, _| Rgb([(90 + 70 * (x / 12 % 2)) as u8 + rng.random_range(0..9); 3]));
            (0..count).map(|_| photo()).collect()
        };
        assert!(pairs(&stripes(30, 1), &stripes(10, 2)).is_empty());
        let blank = vec![RgbImage::from_pixel(50, 50, Rgb([90; 3])); 8];
        assert!(pairs(&blank, &blank).is_empty());
    }
}
