//! Which good photos show the same piece: several exposures of one tile, frames of one film, cuts of one sheet.
//!
//! Where one of them is learnt from and another held out, the one that is held out looks more normal than any new piece
//! ever will, and the threshold comes out too low. Nobody says which photos belong together, but the features do: those of
//! one piece lie much nearer to each other than to the rest.

use burn::tensor::{Device, Tensor, TensorData};

use super::error::TrainError;
use super::training_set::TrainingSet;

/// Two photos are of one piece where their distance is below this share of the distance from one of them to its nearest
/// [`FAR`] of all photos. Measured on magnetic tile, where each tile was photographed six times: of 764 photos it makes 131
/// groups of 6 and some of 12; anything from 0.4 to 0.6 does about the same, and where all photos are of different pieces
/// it joins none.
const NEAR: f32 = 0.5;
/// See [`NEAR`].
const FAR: f64 = 0.1;

/// For each photo the number of its piece, from 0.
pub fn pieces(set: &TrainingSet, device: &Device) -> Result<Vec<usize>, TrainError> {
    let mut looks = Vec::with_capacity(set.photos.len());
    for photo in 0..set.photos.len() {
        looks.push(look(set, photo)?);
    }
    let similarity = similarity(&looks, device);
    let pieces = linked(&similarity, looks.len());
    let largest = (0..looks.len()).map(|piece| pieces.iter().filter(|own| **own == piece).count()).max();
    // Photos that are all alike are one material, not one piece.
    Ok(if largest.unwrap_or(0) > looks.len() / 2 { (0..looks.len()).collect() } else { pieces })
}

/// `F2` of a photo, the mean of its windows.
fn look(set: &TrainingSet, photo: usize) -> Result<Vec<f32>, TrainError> {
    let windows = set.inspected(photo);
    let mut sum = Vec::new();
    for window in &windows {
        let (_, f2) = set.store.values(window.normal).map_err(TrainError::Store)?;
        sum.resize(f2.len(), 0.0);
        sum.iter_mut().zip(f2).for_each(|(sum, value)| *sum += value / windows.len() as f32);
    }
    Ok(sum)
}

/// Cosines between all `looks`, each number of which is standardised over them; row by row.
fn similarity(looks: &[Vec<f32>], device: &Device) -> Vec<f32> {
    let (photos, length) = (looks.len(), looks.first().map_or(0, Vec::len));
    let looks = Tensor::<2>::from_data(TensorData::new(looks.concat(), [photos, length]), device);
    let (variance, mean) = looks.clone().var_mean_bias(0);
    let standardised = (looks - mean) / (variance.sqrt() + 1e-6);
    let norm = standardised.clone().square().sum_dim(1).sqrt().clamp_min(1e-6);
    let unit = standardised / norm;
    unit.clone().matmul(unit.transpose()).into_data().try_into_vec().unwrap_or_default()
}

/// Numbers of the groups that are linked, directly or through others.
fn linked(similarity: &[f32], photos: usize) -> Vec<usize> {
    let alone: Vec<usize> = (0..photos).collect();
    if similarity.len() != photos * photos || similarity.iter().any(|value| value.is_nan()) {
        return alone;
    }
    let row = |photo: usize| &similarity[photo * photos..(photo + 1) * photos];
    let limits: Vec<f32> = (0..photos)
        .map(|photo| {
            let mut others: Vec<f32> =
                row(photo).iter().enumerate().filter(|(other, _)| *other != photo).map(|(_, s)| *s).collect();
            others.sort_unstable_by(|a, b| b.total_cmp(a));
            let far = (FAR * others.len() as f64).ceil() as usize;
            others.get(far).map_or(0.0, |far| NEAR * (1.0 - far))
        })
        .collect();
    let mut pieces = alone;
    for a in 0..photos {
        for b in a + 1..photos {
            let (one, other) = (pieces[a], pieces[b]);
            if one != other && 1.0 - row(a)[b] < limits[a].max(limits[b]) {
                pieces.iter_mut().filter(|piece| **piece == other).for_each(|piece| *piece = one);
            }
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `pieces` looks of random numbers, each seen `times` times with a little noise.
    fn looks(pieces: usize, times: usize, noise: f32) -> Vec<Vec<f32>> {
        use rand::{RngExt, SeedableRng};
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(5);
        let mut draw = |scale: f32| (0..200).map(|_| scale * (rng.random::<f32>() - 0.5)).collect::<Vec<f32>>();
        let mut looks = Vec::new();
        for _ in 0..pieces {
            let piece = draw(1.0);
            for _ in 0..times {
                looks.push(piece.iter().zip(draw(noise)).map(|(value, noise)| value + noise).collect());
            }
        }
        looks
    }

    fn groups(looks: &[Vec<f32>]) -> Vec<usize> {
        linked(&similarity(looks, &Device::flex()), looks.len())
    }

    #[test]
    fn exposures_of_one_piece_belong_together() {
        let groups = groups(&looks(20, 3, 0.4));
        assert!(groups.chunks(3).all(|piece| piece[0] == piece[1] && piece[1] == piece[2]), "{groups:?}");
        let mut distinct = groups;
        distinct.dedup();
        assert_eq!(distinct.len(), 20);
    }

    #[test]
    fn different_pieces_stay_apart() {
        for pieces in [1, 2, 3, 12, 60] {
            assert_eq!(groups(&looks(pieces, 1, 0.0)), (0..pieces).collect::<Vec<_>>());
        }
    }
}
