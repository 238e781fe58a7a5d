//! Feature store: the feature maps of the training windows, in half precision.
//!
//! A few hundred photos with their synthetic defects give gigabytes of features. The store packs them, and the caller
//! chooses where the bytes are kept.

use burn::tensor::{Device, Tensor, TensorData, Transaction};
use half::f16;
use half::slice::HalfFloatSliceExt;
use serde::{Deserialize, Serialize};

use super::error::TrainingError;
use crate::network::backbone::{Backbone, Maps};
use crate::network::features::Features;
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
    /// Network that the maps are of.
    pub backbone: Backbone,
    /// Grid of `stage5`, or of a ResNet's `layer3`.
    pub grid: Grid,
}

impl Layout {
    /// Number of values of each map.
    fn lengths(&self) -> Vec<usize> {
        self.backbone.shapes(self.grid).into_iter().map(|(channels, grid)| channels * grid.positions()).collect()
    }

    fn bytes(&self) -> usize {
        2 * self.lengths().iter().sum::<usize>()
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
    pub async fn pack(&self, maps: Maps) -> Result<Packed, TrainingError> {
        let maps = maps.into_list();
        let windows = maps.first().map_or(0, |map| map.dims()[0]);
        let read = maps.into_iter().fold(Transaction::default(), Transaction::register).execute_async().await?;
        let maps = read.into_iter().map(|data| data.try_into_vec::<f32>().expect("feature maps are f32"));
        let maps: Vec<(Vec<f32>, usize)> = maps.zip(self.lengths()).collect();
        let mut bytes = Vec::with_capacity(windows * self.bytes());
        for window in 0..windows {
            let values = maps.iter().flat_map(|(map, length)| &map[window * length..(window + 1) * length]);
            for value in values.map(|value| f16::from_f32(*value)) {
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

    /// Values of the maps of one window, the finest map first.
    pub fn values(&self, slot: Slot) -> Result<Vec<Vec<f32>>, StoreError> {
        let mut bytes = vec![0; self.layout.bytes()];
        self.bytes.read(slot.0 * bytes.len(), &mut bytes)?;
        let halves: Vec<f16> = bytes.chunks_exact(2).map(|pair| f16::from_le_bytes([pair[0], pair[1]])).collect();
        let mut rest = halves.to_f32_vec();
        let map = |length: usize| {
            let after = rest.split_off(length.min(rest.len()));
            std::mem::replace(&mut rest, after)
        };
        Ok(self.layout.lengths().into_iter().map(map).collect())
    }

    /// Maps of several windows as a batch on `device`.
    pub fn batch(&self, slots: &[Slot], device: &Device) -> Result<Maps, StoreError> {
        let shapes = self.layout.backbone.shapes(self.layout.grid);
        let mut values = vec![Vec::new(); shapes.len()];
        for slot in slots {
            values.iter_mut().zip(self.values(*slot)?).for_each(|(all, own)| all.extend(own));
        }
        let mut maps = values.into_iter().zip(shapes).map(|(values, (channels, grid))| {
            let shape = [slots.len(), channels, grid.rows, grid.columns];
            Tensor::from_data(TensorData::new(values, shape), device)
        });
        let mut next = || maps.next().expect("a backbone has as many shapes as maps");
        Ok(match self.layout.backbone {
            Backbone::EfficientNet(_) => Features { stage5: next(), stage7: next() }.into(),
            Backbone::ResNet(_) => Maps::ResNet(Box::new([next(), next(), next()])),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::efficientnet::Architecture;
    use crate::network::features::Channels;

    #[test]
    fn what_is_stored_is_read_in_any_order() {
        let device = Device::flex();
        let architecture = Architecture::B0;
        let Channels { stage5, stage7 } = architecture.channels();
        let layout = Layout { backbone: architecture.into(), grid: Grid { rows: 4, columns: 2 } };
        let mut store = FeatureStore::new(layout, Box::new(Vec::new()));
        let length = stage5 * 8;
        let features = |first: f32| {
            let values: Vec<f32> = (0..2 * length).map(|i| first + i as f32).collect();
            Features {
                stage5: Tensor::from_data(TensorData::new(values, [2, stage5, 4, 2]), &device),
                stage7: Tensor::full([2, stage7, 2, 1], first, &device),
            }
        };
        let pack = |maps: Features| futures_lite::future::block_on(layout.pack(maps.into()));
        let first = store.push(&pack(features(0.0)).unwrap()).unwrap();
        let second = store.push(&pack(features(128.0)).unwrap()).unwrap();
        let batch = store.batch(&[second[1], first[0]], &device).unwrap().efficient_net().unwrap();
        let read = batch.stage5.into_data().try_into_vec::<f32>().unwrap();
        let last = (length - 1) as f32;
        assert_eq!([read[0], read[length - 1]], [128.0 + last + 1.0, 128.0 + 2.0 * last + 1.0]);
        assert_eq!([read[length], read[2 * length - 1]], [0.0, last]);
        let read = batch.stage7.into_data().try_into_vec::<f32>().unwrap();
        assert_eq!(read[2 * stage7 - 1..2 * stage7 + 1], [128.0, 0.0]);
        let infinite = Features { stage5: Tensor::full([2, stage5, 4, 2], 1e6, &device), ..features(0.0) };
        assert!(matches!(pack(infinite), Err(TrainingError::Features)));
    }
}
