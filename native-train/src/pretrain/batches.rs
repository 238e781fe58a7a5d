//! Batches of generated photos, rendered ahead of the training step. No photo is used twice.

use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use burn::tensor::{Device, Tensor, TensorData};
use cse::defects::{DefectKind, DefectMaker, Generator, NoKinds};
use cse::image::preprocess;
use image::{GrayImage, RgbImage};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use cse::network::grid::Grid;
use surfaces::field::Size;
use surfaces::light::Camera;
use surfaces::material::Material;

/// Purpose of a batch. Training, the teacher's scale and validation never share a photo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A step that trains the parts separately.
    Apart = 0,
    /// Standardisation of the teacher's maps.
    Scale = 1,
    /// Held-out error.
    Validation = 2,
    /// A step that trains all parts together.
    Together = 3,
    /// A step of the contrastive training.
    Contrast = 4,
    /// Statistics of BatchNorm.
    Statistics = 5,
}

/// Order for one batch: everything that decides its content.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    /// Seed of the run.
    pub seed: u64,
    /// Purpose of the batch.
    pub purpose: Purpose,
    /// Number of the batch.
    pub number: u64,
    /// Number of photos.
    pub photos: usize,
    /// Side of a photo, pixels, a multiple of 32.
    pub side: u32,
}

impl Order {
    /// Random generator of the surface with this index.
    fn rng(&self, index: usize) -> ChaCha8Rng {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream((self.number << 20) | ((self.purpose as u64) << 16) | index as u64);
        rng
    }
}

/// Photos of a batch, in the network's input format.
#[derive(Debug)]
pub struct Batch(TensorData);

impl Batch {
    /// Renders the photos. On average, every second one has a synthetic defect.
    pub fn render(order: &Order) -> Result<Self, NoKinds> {
        Ok(Self(preprocess::to_data(&photos(order)?)))
    }

    /// Renders the same photos in shares of `photos_in_share`. The last share may have fewer.
    pub fn render_shares(order: &Order, photos_in_share: usize) -> Result<Vec<Self>, NoKinds> {
        Ok(photos(order)?.chunks(photos_in_share.max(1)).map(|share| Self(preprocess::to_data(share))).collect())
    }

    /// Number of photos.
    pub fn photos(&self) -> usize {
        self.0.shape()[0]
    }

    /// Network input `[n, 3, side, side]` on a device.
    pub fn to(&self, device: &Device) -> Tensor<4> {
        Tensor::from_data(self.0.clone(), device)
    }
}

/// Renders the photos on rayon's threads.
fn photos(order: &Order) -> Result<Vec<RgbImage>, NoKinds> {
    (0..order.photos).into_par_iter().map(|index| photo(order.side, &mut order.rng(index))).collect()
}

/// Photo of a random material through a random camera.
fn of_any_material(side: u32, rng: &mut ChaCha8Rng) -> RgbImage {
    Material::sample(rng).photo(Size::square(side), &Camera::sample(rng), rng.random())
}

/// Photo of a random material through a random camera. Every second one has a defect.
pub fn photo(side: u32, rng: &mut ChaCha8Rng) -> Result<RgbImage, NoKinds> {
    let image = of_any_material(side, rng);
    if !rng.random_bool(0.5) {
        return Ok(image);
    }
    // The defect shows another material where it is foreign matter.
    let other = of_any_material(side, rng);
    let maker = DefectMaker::new(DefectKind::PAPER.to_vec(), vec![other])?;
    Ok(maker.make(&image, rng.random()).image)
}

/// Surfaces, each as two photos of different places.
#[derive(Debug)]
pub struct Pairs {
    /// First photos of all surfaces, which are good, and then the second photos. Half of the second photos have a defect.
    photos: Batch,
    /// Masks of the defects in the second photos.
    masks: Vec<GrayImage>,
}

impl Pairs {
    /// Renders both photos of each surface on rayon's threads.
    pub fn render(order: &Order) -> Result<Self, NoKinds> {
        let pairs = (0..order.photos).into_par_iter().map(|index| pair(order.side, &mut order.rng(index)));
        let (good, second): (Vec<_>, Vec<_>) = pairs.collect::<Result<Vec<_>, _>>()?.into_iter().unzip();
        let (seconds, masks): (Vec<_>, Vec<_>) = second.into_iter().unzip();
        Ok(Self { photos: Batch(preprocess::to_data(good.iter().chain(&seconds))), masks })
    }

    /// Network input `[2n, 3, side, side]` on a device.
    pub fn to(&self, device: &Device) -> Tensor<4> {
        self.photos.to(device)
    }

    /// Share of each position of a map that a defect covers in the second photos, `[n, 1, side, side]`.
    pub fn covers(&self, side: u32, device: &Device) -> Tensor<4> {
        let shares = |mask: &GrayImage| {
            let (counts, cell) = covered_pixels(mask, Grid { rows: side as usize, columns: side as usize });
            counts.into_iter().map(move |count| count as f32 / cell as f32)
        };
        let values: Vec<f32> = self.masks.iter().flat_map(shares).collect();
        Tensor::from_data(TensorData::new(values, [self.masks.len(), 1, side as usize, side as usize]), device)
    }
}

/// Number of marked pixels of `mask` at each position of `grid`, row by row, and number of pixels of a position.
fn covered_pixels(mask: &GrayImage, grid: Grid) -> (Vec<u32>, u32) {
    let cell = |side: u32, positions: usize| (side / positions as u32).max(1);
    let (wide, high) = (cell(mask.width(), grid.columns), cell(mask.height(), grid.rows));
    let mut counts = vec![0; grid.positions()];
    for (x, y, pixel) in mask.enumerate_pixels() {
        let (row, column) = ((y / high) as usize, (x / wide) as usize);
        let position = row.min(grid.rows - 1) * grid.columns + column.min(grid.columns - 1);
        counts[position] += u32::from(pixel.0[0] != 0);
    }
    (counts, wide * high)
}

/// Two photos of one material through one camera. The second may have a defect, which the mask marks.
fn pair(side: u32, rng: &mut ChaCha8Rng) -> Result<(RgbImage, (RgbImage, GrayImage)), NoKinds> {
    let (material, camera) = (Material::sample(rng), Camera::sample(rng));
    let mut shot = || material.photo(Size::square(side), &camera, rng.random());
    let (first, second) = (shot(), shot());
    if !rng.random_bool(0.5) {
        return Ok((first, (second, GrayImage::new(side, side))));
    }
    let other = of_any_material(side, rng);
    let made = Generator::Default.maker(vec![other]).make(&second, rng.random());
    Ok((first, (made.image, made.mask)))
}

/// Number of batches rendered at the same time, so that the last photos of one batch do not leave cores idle.
const AT_ONCE: usize = 3;

/// Renders the batches of `orders` ahead of their use, in order. The iterator ends after the last one.
pub fn ahead<B: Send + 'static>(
    orders: impl Iterator<Item = Order> + Clone + Send + 'static,
    render: impl Fn(&Order) -> Result<B, NoKinds> + Clone + Send + 'static,
) -> impl Iterator<Item = Result<B, NoKinds>> {
    let lanes: Vec<Receiver<_>> = (0..AT_ONCE)
        .map(|lane| {
            let (sender, receiver) = sync_channel(1);
            let (orders, render) = (orders.clone().skip(lane).step_by(AT_ONCE), render.clone());
            thread::spawn(move || {
                for order in orders {
                    // The receiver is gone when training ends early.
                    if sender.send(render(&order)).is_err() {
                        break;
                    }
                }
            });
            receiver
        })
        .collect();
    (0..AT_ONCE).cycle().map_while(move |lane| lanes[lane].recv().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_decides_its_batch() -> Result<(), Box<dyn std::error::Error>> {
        let order = Order { seed: 1, purpose: Purpose::Apart, number: 0, photos: 2, side: 64 };
        let values = |order: &Order| -> Result<Vec<f32>, Box<dyn std::error::Error>> {
            let input = Batch::render(order)?.to(&Device::flex());
            assert_eq!(input.dims(), [2, 3, 64, 64]);
            Ok(input.into_data().try_into_vec()?)
        };
        assert_eq!(values(&order)?, values(&order)?);
        assert_ne!(values(&order)?, values(&Order { purpose: Purpose::Validation, ..order })?);
        Ok(())
    }

    #[test]
    fn a_position_counts_its_marked_pixels() {
        let mut mask = GrayImage::new(224, 224);
        for (x, y) in (16..32).flat_map(|x| (0..8).map(move |y| (x, y))) {
            mask.put_pixel(x, y, image::Luma([255]));
        }
        let (counts, cell) = covered_pixels(&mask, Grid { rows: 14, columns: 14 });
        assert_eq!((counts[0], counts[1], counts[2], counts[15], cell), (0, 128, 0, 0, 256));
    }

    #[test]
    fn half_of_the_second_photos_have_a_defect_where_the_cover_says() -> Result<(), Box<dyn std::error::Error>> {
        let order = Order { seed: 3, purpose: Purpose::Contrast, number: 0, photos: 64, side: 64 };
        let pairs = Pairs::render(&order)?;
        let covers: Vec<f32> = pairs.covers(4, &Device::flex()).into_data().try_into_vec()?;
        assert_eq!(covers.len(), 64 * 4 * 4);
        assert!(covers.iter().all(|cover| (0.0..=1.0).contains(cover)));
        let covered = |photo: usize| covers[16 * photo..][..16].iter().sum::<f32>() / 16.0;
        let mut defective = 0;
        for (photo, mask) in pairs.masks.iter().enumerate() {
            let masked = mask.pixels().filter(|pixel| pixel.0[0] != 0).count();
            assert!((covered(photo) - masked as f32 / (64.0 * 64.0)).abs() < 1e-5, "photo {photo}");
            defective += usize::from(masked > 0);
        }
        assert!((20..=44).contains(&defective), "{defective} of 64");
        Ok(())
    }
}
