//! Batches of generated photos, rendered ahead of the training step; no photo is ever used twice.

use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use burn::tensor::{Device, Tensor};
use cse::defects::{DefectError, DefectKind, DefectMaker};
use cse::preprocess;
use image::RgbImage;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::textures::Texture;
use crate::textures::field::Size;
use crate::textures::light::Camera;

/// What a batch is drawn for: training, the teacher's scale and validation never share a photo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A training step.
    Training = 0,
    /// The standardisation of the teacher's maps.
    Scale = 1,
    /// The held-out error.
    Validation = 2,
}

/// One batch to render: everything that decides its content.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    /// Seed of the run.
    pub seed: u64,
    /// What for.
    pub purpose: Purpose,
    /// Number of the batch.
    pub number: u64,
    /// Photos in it.
    pub photos: usize,
    /// Side of a photo, pixels, a multiple of 32.
    pub side: u32,
}

/// The photos of a batch.
#[derive(Debug)]
pub struct Batch(Vec<RgbImage>);

impl Batch {
    /// Renders the photos, on rayon's threads. Every second one, on average, has a synthetic defect.
    pub fn render(order: &Order) -> Result<Self, DefectError> {
        let photos = (0..order.photos)
            .into_par_iter()
            .map(|index| {
                let mut rng = ChaCha8Rng::seed_from_u64(order.seed);
                rng.set_stream((order.number << 16) | ((order.purpose as u64) << 14) | index as u64);
                photo(order.side, &mut rng)
            })
            .collect::<Result<_, _>>()?;
        Ok(Self(photos))
    }

    /// The network's input `[n, 3, side, side]`, on a device.
    pub fn to(&self, device: &Device) -> Tensor<4> {
        preprocess::to_tensor(&self.0, device)
    }
}

/// A photo of a random material through a random camera, every second one with a defect.
pub fn photo(side: u32, rng: &mut ChaCha8Rng) -> Result<RgbImage, DefectError> {
    let mut shot = || Texture::sample(rng).photo(Size::square(side), &Camera::sample(rng), rng.random());
    let image = shot();
    if !rng.random_bool(0.5) {
        return Ok(image);
    }
    // Foreign matter in the defect is another material.
    let other = Texture::sample(rng).photo(Size::square(side), &Camera::sample(rng), rng.random());
    let maker = DefectMaker::new(DefectKind::PAPER.to_vec(), vec![other])?;
    Ok(maker.make(&image, rng.random()).image)
}

/// Renders the batches of `orders` in a thread of its own, two ahead; the channel closes after the last one.
pub fn ahead(orders: impl Iterator<Item = Order> + Send + 'static) -> Receiver<Result<Batch, DefectError>> {
    let (sender, receiver) = sync_channel(2);
    thread::spawn(move || {
        for order in orders {
            // The receiver is gone when training ends early.
            if sender.send(Batch::render(&order)).is_err() {
                break;
            }
        }
    });
    receiver
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_decides_its_batch() -> Result<(), Box<dyn std::error::Error>> {
        let order = Order { seed: 1, purpose: Purpose::Training, number: 0, photos: 2, side: 64 };
        let values = |order: &Order| -> Result<Vec<f32>, Box<dyn std::error::Error>> {
            let input = Batch::render(order)?.to(&Device::flex());
            assert_eq!(input.dims(), [2, 3, 64, 64]);
            Ok(input.into_data().try_into_vec()?)
        };
        assert_eq!(values(&order)?, values(&order)?);
        assert_ne!(values(&order)?, values(&Order { purpose: Purpose::Validation, ..order })?);
        Ok(())
    }
}
