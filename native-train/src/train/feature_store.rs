//! Features of the training images, in a file that has no name and vanishes with the process.
//!
//! A few hundred photos with their defective versions are gigabytes of features. Where the folder for temporary files is on a
//! disk, the system keeps in memory what fits; a training step reads some megabytes.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::Mutex;

use burn::tensor::{Device, Tensor, TensorData};
use cse::efficientnet::Features;
use half::f16;
use half::slice::HalfFloatSliceExt;

use super::error::TrainError;

/// Place of one image's features in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot(usize);

/// Features of some images on their way to the store.
#[derive(Debug)]
pub struct Encoded {
    bytes: Vec<u8>,
    images: usize,
}

/// Both taps of many images, as half-precision numbers.
#[derive(Debug)]
pub struct FeatureStore {
    file: Mutex<File>,
    /// Channels and side of each tap.
    taps: [(usize, usize); 2],
    count: usize,
}

impl FeatureStore {
    /// An empty store for taps of `(c1, c2)` channels and a network input of 224.
    pub fn new((c1, c2): (usize, usize)) -> io::Result<Self> {
        Ok(Self { file: Mutex::new(tempfile::tempfile()?), taps: [(c1, 14), (c2, 7)], count: 0 })
    }

    /// A batch as the store holds it, read back from its device.
    pub fn encode(&self, features: Features) -> Result<Encoded, TrainError> {
        let [n, ..] = features.f1.dims();
        let values = |tensor: Tensor<4>| {
            tensor.into_data().try_into_vec::<f32>().map_err(|error| TrainError::Store(io::Error::other(error)))
        };
        let (f1, f2) = (values(features.f1)?, values(features.f2)?);
        let [length1, length2] = self.lengths();
        let mut bytes = Vec::with_capacity(2 * n * (length1 + length2));
        for (f1, f2) in f1.chunks_exact(length1).zip(f2.chunks_exact(length2)) {
            for value in f1.iter().chain(f2).map(|value| f16::from_f32(*value)) {
                if !value.is_finite() {
                    return Err(TrainError::Features);
                }
                bytes.extend(value.to_le_bytes());
            }
        }
        Ok(Encoded { bytes, images: n })
    }

    /// Adds a batch, and says where each image is.
    pub fn push(&mut self, batch: &Encoded) -> io::Result<Vec<Slot>> {
        let mut file = self.file.lock().map_err(|_| io::Error::other("another thread failed"))?;
        file.seek(SeekFrom::End(0))?;
        file.write_all(&batch.bytes)?;
        let slots = (self.count..self.count + batch.images).map(Slot).collect();
        self.count += batch.images;
        Ok(slots)
    }

    /// Both taps of one image, one after the other.
    pub fn values(&self, slot: Slot) -> io::Result<(Vec<f32>, Vec<f32>)> {
        let [length1, length2] = self.lengths();
        let size = 2 * (length1 + length2);
        let mut bytes = vec![0; size];
        let mut file = self.file.lock().map_err(|_| io::Error::other("another thread failed"))?;
        file.seek(SeekFrom::Start((slot.0 * size) as u64))?;
        file.read_exact(&mut bytes)?;
        let halves: Vec<f16> = bytes.chunks_exact(2).map(|pair| f16::from_le_bytes([pair[0], pair[1]])).collect();
        let mut f1 = halves.to_f32_vec();
        let f2 = f1.split_off(length1);
        Ok((f1, f2))
    }

    /// A batch on `device`.
    pub fn batch(&self, slots: &[Slot], device: &Device) -> io::Result<Features> {
        let [length1, length2] = self.lengths();
        let (mut f1, mut f2) = (Vec::with_capacity(slots.len() * length1), Vec::with_capacity(slots.len() * length2));
        for slot in slots {
            let (one, two) = self.values(*slot)?;
            f1.extend(one);
            f2.extend(two);
        }
        let tensor = |values: Vec<f32>, (channels, side): (usize, usize)| {
            Tensor::from_data(TensorData::new(values, [slots.len(), channels, side, side]), device)
        };
        Ok(Features { f1: tensor(f1, self.taps[0]), f2: tensor(f2, self.taps[1]) })
    }

    fn lengths(&self) -> [usize; 2] {
        self.taps.map(|(channels, side)| channels * side * side)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_comes_back_in_any_order() {
        let device = Device::flex();
        let mut store = FeatureStore::new((2, 3)).unwrap();
        let features = |first: f32| Features {
            f1: Tensor::from_data(
                TensorData::new((0..784).map(|i| first + i as f32).collect::<Vec<_>>(), [2, 2, 14, 14]),
                &device,
            ),
            f2: Tensor::from_data(TensorData::new(vec![first; 294], [2, 3, 7, 7]), &device),
        };
        let batches = [0.0, 512.0].map(|first| store.encode(features(first)).unwrap());
        let slots: Vec<Slot> = batches.iter().flat_map(|batch| store.push(batch).unwrap()).collect();
        let batch = store.batch(&[slots[3], slots[0]], &device).unwrap();
        let f1 = batch.f1.into_data().try_into_vec::<f32>().unwrap();
        assert_eq!((f1[0], f1[391], f1[392], f1[783]), (904.0, 1295.0, 0.0, 391.0));
        assert_eq!(batch.f2.into_data().try_into_vec::<f32>().unwrap()[146..148], [512.0, 0.0]);
    }
}
