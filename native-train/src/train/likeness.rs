//! Which good photos show the same piece: several exposures of one tile, frames of one film, cuts of one sheet.
//!
//! Where one of them is learnt from and another held out, the one that is held out looks more normal than any new piece
//! ever will, and the threshold comes out too low. Nobody says which photos belong together, but they lie much nearer to
//! each other than to the rest: by their features, which forgive a shift, or by a sketch of the photo, which needs no
//! extractor that sees through another light.

use burn::tensor::{Device, Tensor, TensorData};

use super::error::TrainError;
use super::training_set::TrainingSet;

/// Two photos are of one piece where the distance of their features is below this share of the distance from one of them
/// to its nearest [`FAR`] of all photos. Measured on magnetic tile, where each tile was photographed six times, with an
/// EfficientNet-B3 near ImageNet's: of 764 photos it makes 130 groups, of 6 and some of 12; anything from 0.4 to 0.6 does
/// about the same, and where all photos are of different pieces it joins none.
const NEAR: f32 = 0.5;
/// The same for sketches: of the 764 photos it makes 97 groups of 6 and some of 12, and leaves 13 alone. Larger shares
/// begin to join photos of fine regular materials.
const NEAR_SKETCHES: f32 = 0.4;
/// See [`NEAR`].
const FAR: f64 = 0.1;
/// Shares of [`NEAR`] and [`NEAR_SKETCHES`] to link photos below, until no piece has too many: where features tell photos
/// less well apart, pieces are linked to each other, one by one, to a chain (315 of the 764 photos with the extractor that
/// ships). It would be held out as a whole, by most embedders the same: they would learn less, and the rest would never say
/// what is normal.
const NEARER: [f32; 4] = [1.0, 0.8, 0.6, 0.4];
/// Photos that are too many for one piece: more than this share of all of them, and than [`FEW`].
const MANY: f64 = 0.1;
/// See [`MANY`]. More than half are too many in any case: photos that are all alike are one material, not one piece.
const FEW: usize = 12;

/// For each photo the number of its piece, from 0.
pub fn pieces(set: &TrainingSet, device: &Device) -> Result<Vec<usize>, TrainError> {
    let photos = set.photos.len();
    let looks = (0..photos).map(|photo| look(set, photo)).collect::<Result<Vec<_>, _>>()?;
    let sketches: Vec<&[f32]> = set.photos.iter().map(|photo| &photo.sketch[..]).collect();
    let looks: Vec<&[f32]> = looks.iter().map(Vec::as_slice).collect();
    let mut pieces: Vec<usize> = (0..photos).collect();
    for (views, near) in [(looks, NEAR), (sketches, NEAR_SKETCHES)] {
        join(&mut pieces, &similarity(&views, device), near);
    }
    Ok(pieces)
}

/// Links photos that are [`NEARER`] than `near`, by as little as leaves no piece with too many photos; else none.
fn join(pieces: &mut Vec<usize>, similarity: &[f32], near: f32) {
    let photos = pieces.len();
    let most = ((MANY * photos as f64) as usize).max(FEW).min(photos / 2);
    let Some(far) = far(similarity, photos) else { return };
    let joined = NEARER.into_iter().find_map(|share| {
        let mut joined = pieces.clone();
        link(&mut joined, similarity, &far, share * near);
        (largest(&joined) <= most).then_some(joined)
    });
    if let Some(joined) = joined {
        *pieces = joined;
    }
}

fn largest(pieces: &[usize]) -> usize {
    let mut photos = vec![0; pieces.len()];
    pieces.iter().for_each(|piece| photos[*piece] += 1);
    photos.into_iter().max().unwrap_or(0)
}

/// `F2` of a photo, the mean of its windows.
fn look(set: &TrainingSet, photo: usize) -> Result<Vec<f32>, TrainError> {
    let windows = set.inspected(photo);
    let mut sum = Vec::new();
    for window in &windows {
        let (_, f2) = set.store.values(*window).map_err(TrainError::Store)?;
        sum.resize(f2.len(), 0.0);
        sum.iter_mut().zip(f2).for_each(|(sum, value)| *sum += value / windows.len() as f32);
    }
    Ok(sum)
}

/// Cosines between all `looks`, each number of which is standardised over them; row by row.
fn similarity(looks: &[&[f32]], device: &Device) -> Vec<f32> {
    let (photos, length) = (looks.len(), looks.first().map_or(0, |look| look.len()));
    let looks = Tensor::<2>::from_data(TensorData::new(looks.concat(), [photos, length]), device);
    let (variance, mean) = looks.clone().var_mean_bias(0);
    let standardised = (looks - mean) / (variance.sqrt() + 1e-6);
    let norm = standardised.clone().square().sum_dim(1).sqrt().clamp_min(1e-6);
    let unit = standardised / norm;
    unit.clone().matmul(unit.transpose()).into_data().try_into_vec().unwrap_or_default()
}

/// The distance from each photo to its nearest [`FAR`] of all, or what it is for half of them where that is less: to the
/// few photos of another lot of the material all the rest is far, and two pieces of theirs would pass for one. `None` where
/// a similarity is missing or no number.
fn far(similarity: &[f32], photos: usize) -> Option<Vec<f32>> {
    if similarity.len() != photos * photos || similarity.iter().any(|value| value.is_nan()) {
        return None;
    }
    let of_photo = |photo: usize| {
        let row = &similarity[photo * photos..(photo + 1) * photos];
        let mut others: Vec<f32> =
            row.iter().enumerate().filter(|(other, _)| *other != photo).map(|(_, s)| *s).collect();
        others.sort_unstable_by(|a, b| b.total_cmp(a));
        let far = (FAR * others.len() as f64).ceil() as usize;
        others.get(far).map_or(0.0, |far| 1.0 - far)
    };
    let mut far: Vec<f32> = (0..photos).map(of_photo).collect();
    let mut sorted = far.clone();
    sorted.sort_unstable_by(f32::total_cmp);
    let usual = sorted.get(photos / 2).copied().unwrap_or_default();
    far.iter_mut().for_each(|far| *far = far.min(usual));
    Some(far)
}

/// Gives all photos that are linked, directly or through others, the number of one of them.
fn link(pieces: &mut [usize], similarity: &[f32], far: &[f32], near: f32) {
    let photos = pieces.len();
    for a in 0..photos {
        for b in a + 1..photos {
            let (one, other) = (pieces[a], pieces[b]);
            if one != other && 1.0 - similarity[a * photos + b] < near * far[a].max(far[b]) {
                pieces.iter_mut().filter(|piece| **piece == other).for_each(|piece| *piece = one);
            }
        }
    }
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

    fn groups(looks: &[Vec<f32>], near: f32) -> Vec<usize> {
        let mut pieces: Vec<usize> = (0..looks.len()).collect();
        let looks: Vec<&[f32]> = looks.iter().map(Vec::as_slice).collect();
        join(&mut pieces, &similarity(&looks, &Device::flex()), near);
        pieces
    }

    #[test]
    fn exposures_of_one_piece_belong_together() {
        let groups = groups(&looks(20, 3, 0.4), NEAR);
        assert!(groups.chunks(3).all(|piece| piece[0] == piece[1] && piece[1] == piece[2]), "{groups:?}");
        let mut distinct = groups;
        distinct.dedup();
        assert_eq!(distinct.len(), 20);
    }

    /// Each under another light: darker or brighter, from one side or the other.
    #[test]
    fn a_sketch_knows_a_piece_under_another_light() {
        use super::super::sketch::sketch;
        use image::imageops::{self, FilterType};
        use image::{Rgb, RgbImage};
        use rand::{RngExt, SeedableRng};
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(5);
        let mut sketches = Vec::new();
        for _ in 0..15 {
            let coarse = RgbImage::from_fn(12, 12, |_, _| Rgb([rng.random_range(60..200); 3]));
            let piece = imageops::resize(&coarse, 120, 90, FilterType::CatmullRom);
            for light in [[0.3, 0.2], [1.0, -0.4], [0.7, 0.0]] {
                let lit = RgbImage::from_fn(120, 90, |x, y| {
                    let gain = light[0] + light[1] * x as f32 / 120.0;
                    Rgb(piece.get_pixel(x, y).0.map(|value| (gain * f32::from(value)) as u8))
                });
                sketches.push(sketch(&lit));
            }
        }
        let found = groups(&sketches, NEAR_SKETCHES);
        assert!(found.chunks(3).all(|piece| piece[0] == piece[1] && piece[1] == piece[2]), "{found:?}");
        let distinct: std::collections::HashSet<usize> = found.into_iter().collect();
        assert_eq!(distinct.len(), 15);
    }

    #[test]
    fn different_pieces_stay_apart() {
        for pieces in [1, 2, 3, 12, 60] {
            assert_eq!(groups(&looks(pieces, 1, 0.0), NEAR), (0..pieces).collect::<Vec<_>>());
        }
    }

    /// Two pieces of one lot of a material among many of another lot.
    #[test]
    fn a_lot_of_few_pieces_is_not_one_piece() {
        let mut photos = looks(15, 1, 0.0);
        let lot = photos.pop().unwrap();
        for (number, photo) in photos.iter_mut().enumerate() {
            let weight = if number < 2 { 0.7 } else { -0.6 };
            photo.iter_mut().zip(&lot).for_each(|(value, lot)| *value += weight * lot);
        }
        assert_eq!(groups(&photos, NEAR), (0..14).collect::<Vec<_>>());
    }

    /// A web of cloth from one end to the other: each photo is like the one before it.
    #[test]
    fn what_runs_from_photo_to_photo_is_not_one_piece() {
        let mut web = looks(300, 1, 0.0);
        for photo in 1..web.len() {
            let before = web[photo - 1].clone();
            web[photo].iter_mut().zip(before).for_each(|(value, before)| *value = before + 0.2 * *value);
        }
        let all: Vec<&[f32]> = web.iter().map(Vec::as_slice).collect();
        let similarity = similarity(&all, &Device::flex());
        let mut linked: Vec<usize> = (0..web.len()).collect();
        link(&mut linked, &similarity, &far(&similarity, web.len()).unwrap(), NEAR);
        assert_eq!(largest(&linked), web.len());
        assert!(largest(&groups(&web, NEAR)) <= web.len() / 10);
    }
}
