//! Feature store: the feature maps of the training windows, in half precision.
//!
//! A few hundred photos with their synthetic defects give gigabytes of features. The store packs them, and the caller
//! chooses where the bytes are kept.

use burn::tensor::{Device, Tensor, TensorData, Transaction};
use half::f16;
use half::slice::HalfFloatSliceExt;
use serde::{Deserialize, Serialize};

use super::error::TrainingError;
use crate::network::features::{Channels, Features};
use crate::network::grid::Grid;

/// Why features cannot be stored or read.
#[derive(Debug, thiserror::Error)]
#[error("the features cannot be stored ({0})")]
pub struct StoreError(pub String);

/// Place where a store keeps its bytes.
pub trait Bytes: Send + Sync {
    /// Adds bytes at the end.
    fn append(&mut self, bytes: &[u8]) -> Result<(), StoreError>;

    /// Reads `bytes.len()` bytes from `offset` on.
    fn read(&self, offset: usize, bytes: &mut [u8]) -> Result<(), StoreError>;
}

/// Keeps the bytes in memory.
impl Bytes for Vec<u8> {
    fn append(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.extend_from_slice(bytes);
        Ok(())
    }

    fn read(&self, offset: usize, bytes: &mut [u8]) -> Result<(), StoreError> {
        let stored = self.get(offset..offset + bytes.len()).ok_or_else(|| StoreError("it is too short".into()))?;
        bytes.copy_from_slice(stored);
        Ok(())
    }
}

/// Place of one window's features in a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot(usize);

/// Features of some windows, packed for the store.
#[derive(Debug)]
pub struct Packed {
    bytes: Vec<u8>,
    windows: usize,
}

impl Packed {
    /// The bytes, which [`Layout::packed`] takes back elsewhere.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// Shapes of the feature maps in a store.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// Channels of the feature maps.
    pub channels: Channels,
    /// Grid of `stage5`.
    pub grid: Grid,
}

impl Layout {
    fn lengths(&self) -> (usize, usize) {
        (self.channels.stage5 * self.grid.positions(), self.channels.stage7 * self.grid.halved().positions())
    }

    fn bytes(&self) -> usize {
        let (stage5, stage7) = self.lengths();
        2 * (stage5 + stage7)
    }

    /// The features whose bytes were given by [`Packed::into_bytes`].
    ///
    /// # Errors
    /// The number of bytes is not that of whole windows.
    pub fn packed(&self, bytes: Vec<u8>) -> Result<Packed, StoreError> {
        let windows = bytes.len() / self.bytes();
        if windows * self.bytes() == bytes.len() {
            Ok(Packed { bytes, windows })
        } else {
            Err(StoreError("they are not those of whole windows".into()))
        }
    }

    /// Packs the features of a batch, read back from its device.
    ///
    /// # Errors
    /// The device fails, or a feature is NaN or has no value in half precision.
    pub async fn pack(&self, features: Features) -> Result<Packed, TrainingError> {
        let windows = features.stage5.dims()[0];
        let transaction = Transaction::default().register(features.stage5).register(features.stage7);
        let read = transaction.execute_async().await?.into_iter();
        let maps: Vec<Vec<f32>> = read.map(|data| data.try_into_vec().expect("feature maps are f32")).collect();
        let [stage5, stage7] = &maps[..] else { unreachable!("two maps were asked for") };
        let (length5, length7) = self.lengths();
        let mut bytes = Vec::with_capacity(windows * self.bytes());
        for (stage5, stage7) in stage5.chunks_exact(length5).zip(stage7.chunks_exact(length7)) {
            for value in stage5.iter().chain(stage7).map(|value| f16::from_f32(*value)) {
                if !value.is_finite() {
                    return Err(TrainingError::Features);
                }
                bytes.extend(value.to_le_bytes());
            }
        }
        Ok(Packed { bytes, windows })
    }
}

/// Feature maps of many windows.
pub struct FeatureStore {
    bytes: Box<dyn Bytes>,
    layout: Layout,
    count: usize,
}

impl FeatureStore {
    /// A store that keeps its features in `bytes`, which is empty.
    pub fn new(layout: Layout, bytes: Box<dyn Bytes>) -> Self {
        Self { bytes, layout, count: 0 }
    }

    /// Shapes of the feature maps.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// Adds a batch, and gives the slot of each window.
    pub fn push(&mut self, batch: &Packed) -> Result<Vec<Slot>, StoreError> {
        self.bytes.append(&batch.bytes)?;
        let slots = (self.count..self.count + batch.windows).map(Slot).collect();
        self.count += batch.windows;
        Ok(slots)
    }

    /// The features of all windows, in the order of their slots.
    pub fn all(&self) -> Result<Packed, StoreError> {
        let mut bytes = vec![0; self.count * self.layout.bytes()];
        self.bytes.read(0, &mut bytes)?;
        Ok(Packed { bytes, windows: self.count })
    }

    /// Values of `stage5` and of `stage7` of one window.
    pub fn values(&self, slot: Slot) -> Result<(Vec<f32>, Vec<f32>), StoreError> {
        let mut bytes = vec![0; self.layout.bytes()];
        self.bytes.read(slot.0 * bytes.len(), &mut bytes)?;
        let halves: Vec<f16> = bytes.chunks_exact(2).map(|pair| f16::from_le_bytes([pair[0], pair[1]])).collect();
        let mut stage5 = halves.to_f32_vec();
        let stage7 = stage5.split_off(self.layout.lengths().0);
        Ok((stage5, stage7))
    }

    /// Features of several windows as a batch on `device`.
    pub fn batch(&self, slots: &[Slot], device: &Device) -> Result<Features, StoreError> {
        let (length5, length7) = self.layout.lengths();
        let mut stage5 = Vec::with_capacity(slots.len() * length5);
        let mut stage7 = Vec::with_capacity(slots.len() * length7);
        for slot in slots {
            let (fine, coarse) = self.values(*slot)?;
            stage5.extend(fine);
            stage7.extend(coarse);
        }
        let tensor = |values: Vec<f32>, channels: usize, grid: Grid| {
            Tensor::from_data(TensorData::new(values, [slots.len(), channels, grid.rows, grid.columns]), device)
        };
        let Layout { channels, grid } = self.layout;
        Ok(Features {
            stage5: tensor(stage5, channels.stage5, grid),
            stage7: tensor(stage7, channels.stage7, grid.halved()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_read_in_any_order() {
        let device = Device::flex();
        let channels = Channels { stage5: 2, stage7: 3 };
        let layout = Layout { channels, grid: Grid { rows: 14, columns: 10 } };
        let mut store = FeatureStore::new(layout, Box::new(Vec::new()));
        let features = |first: f32| {
            let stage5: Vec<f32> = (0..560).map(|i| first + i as f32).collect();
            Features {
                stage5: Tensor::from_data(TensorData::new(stage5, [2, 2, 14, 10]), &device),
                stage7: Tensor::from_data(TensorData::new(vec![first; 210], [2, 3, 7, 5]), &device),
            }
        };
        let pack = |first| futures_lite::future::block_on(layout.pack(features(first))).unwrap();
        let slots: Vec<Slot> = [0.0, 512.0].iter().flat_map(|first| store.push(&pack(*first)).unwrap()).collect();
        let batch = store.batch(&[slots[3], slots[0]], &device).unwrap();
        let stage5 = batch.stage5.into_data().try_into_vec::<f32>().unwrap();
        assert_eq!((stage5[0], stage5[279], stage5[280], stage5[559]), (792.0, 1071.0, 0.0, 279.0));
        assert_eq!(batch.stage7.into_data().try_into_vec::<f32>().unwrap()[104..106], [512.0, 0.0]);
        let infinite = Features { stage5: Tensor::full([1, 2, 14, 10], 1e6, &device), ..features(0.0) };
        assert!(matches!(futures_lite::future::block_on(layout.pack(infinite)), Err(TrainingError::Features)));
    }
}
