//! Groups: photos of the same physical object, found by near-duplicate detection. Several exposures of one tile are a
//! group, and so are frames of one film or cuts of one sheet.
//!
//! If a photo is held out while another of its group is trained on, its score is lower than that of any new object. The
//! threshold would then be too low. Photos of a group are much nearer to each other than to the rest. Their features are
//! near even after a shift, and their [sketches](super::sketch) are near even under another light.

use burn::tensor::{Device, Tensor, TensorData};

use super::error::TrainingError;
use super::training_set::TrainingSet;

/// Largest distance of two photos of one group by their features, as a share of the distance from one of them to its
/// nearest [`FAR`] of all photos.
///
/// It was measured on magnetic tile, with six photos of each tile, by an EfficientNet-B3 with ImageNet-like weights.
/// The 764 photos give 130 groups, of 6 and some of 12. Shares from 0.4 to 0.6 give about the same. Where all photos
/// show different objects no group is made.
const NEAR: f32 = 0.5;
/// Largest distance of two photos of one group by their sketches, in the unit of [`NEAR`]. The same 764 photos give 97
/// groups of 6 and some of 12, and 13 single photos. Larger shares begin to join photos of fine regular materials.
const NEAR_SKETCHES: f32 = 0.4;
/// Share of all photos, sorted by their distance to a photo. The distance at this share is the unit of [`NEAR`].
const FAR: f64 = 0.1;
/// Factors of [`NEAR`] and [`NEAR_SKETCHES`] that are tried until no group is too large. If features separate photos less
/// well, many groups are linked to a chain: 315 of the 764 photos with the shipped extractor. Most members would hold out
/// the same chain. They would be trained on fewer photos, and the others would never be held out.
const NEARER: [f32; 4] = [1.0, 0.8, 0.6, 0.4];
/// Share of all photos above which a group is too large, if it has more than [`FEW`] photos.
const MANY: f64 = 0.1;
/// Number of photos up to which a group is not too large. More than half of the photos are always too many, because photos
/// that are all alike show one material and not one object.
const FEW: usize = 12;

/// Number of the group of each photo, from 0. A varied copy has the group of its photo.
pub async fn groups(set: &TrainingSet, device: &Device) -> Result<Vec<usize>, TrainingError> {
    let originals = set.originals();
    let features = originals.iter().map(|photo| mean_coarsest(set, *photo)).collect::<Result<Vec<_>, _>>()?;
    let features: Vec<&[f32]> = features.iter().map(Vec::as_slice).collect();
    let sketches: Vec<&[f32]> = originals.iter().map(|photo| &set.photos[*photo].sketch[..]).collect();
    let mut groups: Vec<usize> = (0..originals.len()).collect();
    for (vectors, near) in [(features, NEAR), (sketches, NEAR_SKETCHES)] {
        join(&mut groups, &similarity(&vectors, device).await?, near);
    }
    let group = |original: usize| originals.binary_search(&original).map_or(original, |index| groups[index]);
    Ok(set.photos.iter().map(|photo| group(photo.original)).collect())
}

/// Number of different groups.
pub fn count(groups: impl IntoIterator<Item = usize>) -> usize {
    groups.into_iter().collect::<std::collections::HashSet<_>>().len()
}

/// Links photos that are nearer than `near`, by the largest of [`NEARER`] that leaves no group too large. Links none where
/// there is no such share.
fn join(groups: &mut Vec<usize>, similarity: &[f32], near: f32) {
    let photos = groups.len();
    let most = ((MANY * photos as f64) as usize).max(FEW).min(photos / 2);
    let Some(far) = far(similarity, photos) else { return };
    let joined = NEARER.into_iter().find_map(|share| {
        let mut joined = groups.clone();
        link(&mut joined, similarity, &far, share * near);
        (largest(&joined) <= most).then_some(joined)
    });
    if let Some(joined) = joined {
        *groups = joined;
    }
}

/// Number of photos in the largest group.
fn largest(groups: &[usize]) -> usize {
    let mut photos = vec![0; groups.len()];
    groups.iter().for_each(|group| photos[*group] += 1);
    photos.into_iter().max().unwrap_or(0)
}

/// Coarsest feature map of a photo, `stage7` of an EfficientNet, as the mean of its windows.
fn mean_coarsest(set: &TrainingSet, photo: usize) -> Result<Vec<f32>, TrainingError> {
    let windows = set.inspected_slots(photo);
    let mut sum = Vec::new();
    for window in &windows {
        let coarsest = set.store.values(*window)?.pop().unwrap_or_default();
        sum.resize(coarsest.len(), 0.0);
        sum.iter_mut().zip(coarsest).for_each(|(sum, value)| *sum += value / windows.len() as f32);
    }
    Ok(sum)
}

/// Cosine similarities between all `vectors`, row by row. Each of their values is standardised over the vectors.
async fn similarity(vectors: &[&[f32]], device: &Device) -> Result<Vec<f32>, TrainingError> {
    let (photos, length) = (vectors.len(), vectors.first().map_or(0, |vector| vector.len()));
    let vectors = Tensor::<2>::from_data(TensorData::new(vectors.concat(), [photos, length]), device);
    let (variance, mean) = vectors.clone().var_mean_bias(0);
    let standardised = (vectors - mean) / (variance.sqrt() + 1e-6);
    let norm = standardised.clone().square().sum_dim(1).sqrt().clamp_min(1e-6);
    let unit = standardised / norm;
    let similarity = unit.clone().matmul(unit.transpose()).into_data_async().await?;
    Ok(similarity.try_into_vec().expect("features and sketches are f32"))
}

/// Distance from each photo to its nearest [`FAR`] of all photos, limited to the median distance. The limit is for
/// a few photos of another lot. They are far from all others, so two objects of that lot would look like one. `None` where
/// a similarity is NaN.
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
    let usual = *sorted.get(photos / 2)?;
    far.iter_mut().for_each(|far| *far = far.min(usual));
    Some(far)
}

/// Gives all photos that are linked, directly or through others, the number of one of them.
fn link(groups: &mut [usize], similarity: &[f32], far: &[f32], near: f32) {
    let photos = groups.len();
    for a in 0..photos {
        for b in a + 1..photos {
            let (one, other) = (groups[a], groups[b]);
            if one != other && 1.0 - similarity[a * photos + b] < near * far[a].max(far[b]) {
                groups.iter_mut().filter(|group| **group == other).for_each(|group| *group = one);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn similarity(vectors: &[&[f32]]) -> Vec<f32> {
        futures_lite::future::block_on(super::similarity(vectors, &Device::flex())).unwrap()
    }

    /// Random vectors of `groups` groups, each `times` times with some noise.
    fn vectors(groups: usize, times: usize, noise: f32) -> Vec<Vec<f32>> {
        use rand::{RngExt, SeedableRng};
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(5);
        let mut draw = |scale: f32| (0..200).map(|_| scale * (rng.random::<f32>() - 0.5)).collect::<Vec<f32>>();
        let mut vectors = Vec::new();
        for _ in 0..groups {
            let group = draw(1.0);
            for _ in 0..times {
                vectors.push(group.iter().zip(draw(noise)).map(|(value, noise)| value + noise).collect());
            }
        }
        vectors
    }

    fn joined(vectors: &[Vec<f32>], near: f32) -> Vec<usize> {
        let mut groups: Vec<usize> = (0..vectors.len()).collect();
        let vectors: Vec<&[f32]> = vectors.iter().map(Vec::as_slice).collect();
        join(&mut groups, &similarity(&vectors), near);
        groups
    }

    #[test]
    fn exposures_of_one_group_belong_together() {
        let groups = joined(&vectors(20, 3, 0.4), NEAR);
        assert!(groups.chunks(3).all(|group| group[0] == group[1] && group[1] == group[2]), "{groups:?}");
        let mut distinct = groups;
        distinct.dedup();
        assert_eq!(distinct.len(), 20);
    }

    /// Photos under different lights: darker or brighter, from one side or the other.
    #[test]
    fn a_sketch_knows_a_group_under_another_light() {
        use super::super::sketch::sketch;
        use image::imageops::{self, FilterType};
        use image::{Rgb, RgbImage};
        use rand::{RngExt, SeedableRng};
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(5);
        let mut sketches = Vec::new();
        for _ in 0..15 {
            let coarse = RgbImage::from_fn(12, 12, |_, _| Rgb([rng.random_range(60..200); 3]));
            let group = imageops::resize(&coarse, 120, 90, FilterType::CatmullRom);
            for light in [[0.3, 0.2], [1.0, -0.4], [0.7, 0.0]] {
                let lit = RgbImage::from_fn(120, 90, |x, y| {
                    let gain = light[0] + light[1] * x as f32 / 120.0;
                    Rgb(group.get_pixel(x, y).0.map(|value| (gain * f32::from(value)) as u8))
                });
                sketches.push(sketch(&lit));
            }
        }
        let found = joined(&sketches, NEAR_SKETCHES);
        assert!(found.chunks(3).all(|group| group[0] == group[1] && group[1] == group[2]), "{found:?}");
        let distinct: std::collections::HashSet<usize> = found.into_iter().collect();
        assert_eq!(distinct.len(), 15);
    }

    #[test]
    fn different_groups_stay_apart() {
        for groups in [1, 2, 3, 12, 60] {
            assert_eq!(joined(&vectors(groups, 1, 0.0), NEAR), (0..groups).collect::<Vec<_>>());
        }
    }

    /// Two groups of one lot of a material among many of another lot.
    #[test]
    fn a_lot_of_few_groups_is_not_one_group() {
        let mut photos = vectors(15, 1, 0.0);
        let lot = photos.pop().unwrap();
        for (number, photo) in photos.iter_mut().enumerate() {
            let weight = if number < 2 { 0.7 } else { -0.6 };
            photo.iter_mut().zip(&lot).for_each(|(value, lot)| *value += weight * lot);
        }
        assert_eq!(joined(&photos, NEAR), (0..14).collect::<Vec<_>>());
    }

    /// Photos along a web of cloth: each photo is similar to the one before it.
    #[test]
    fn what_runs_from_photo_to_photo_is_not_one_group() {
        let mut web = vectors(300, 1, 0.0);
        for photo in 1..web.len() {
            let before = web[photo - 1].clone();
            web[photo].iter_mut().zip(before).for_each(|(value, before)| *value = before + 0.2 * *value);
        }
        let all: Vec<&[f32]> = web.iter().map(Vec::as_slice).collect();
        let similarity = similarity(&all);
        let mut linked: Vec<usize> = (0..web.len()).collect();
        link(&mut linked, &similarity, &far(&similarity, web.len()).unwrap(), NEAR);
        assert_eq!(largest(&linked), web.len());
        assert!(largest(&joined(&web, NEAR)) <= web.len() / 10);
    }
}
