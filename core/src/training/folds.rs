//! Folds: the photos that each member is trained on, and those that it holds out.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// One division of the good photos, as their indices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fold {
    /// Photos to train on.
    pub train: Vec<usize>,
    /// Held-out photos. They select the step whose weights are kept, and give the normal ranges.
    pub held_out: Vec<usize>,
}

/// `count` divisions of the photos, each with about `share` of them held out. Each fold has at least one photo held out and
/// two to train on. `groups` has the group of each photo, and photos of one group are held out together.
///
/// The groups are shuffled once, and the held-out parts lie evenly along that order. If `count * share` is at least 1,
/// every photo is held out by some fold and trained on by the others. If a group is very large, some photos may lie
/// between two parts and are never held out. A single fold is the paper's split.
pub fn folds(groups_of: &[usize], count: usize, share: f64, seed: u64) -> Vec<Fold> {
    let photos = groups_of.len();
    let mut groups: Vec<Vec<usize>> = vec![Vec::new(); photos];
    for (photo, group) in groups_of.iter().enumerate() {
        groups[*group].push(photo);
    }
    groups.retain(|group| !group.is_empty());
    groups.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    let most = photos.saturating_sub(2).max(1);
    let wanted = ((photos as f64 * share).round() as usize).clamp(1, most);
    let fold = |index: usize| {
        let mut before = 0;
        let first = groups.iter().position(|group| {
            before += group.len();
            before > index * photos / count
        });
        let mut order = groups.clone();
        order.rotate_left(first.unwrap_or(0));
        let mut held_out: Vec<usize> = Vec::new();
        for group in &order {
            if held_out.len() >= wanted || held_out.len() + group.len() > most {
                break;
            }
            held_out.extend(group);
        }
        let train = order.into_iter().flatten().filter(|photo| !held_out.contains(photo)).collect();
        Fold { train, held_out }
    };
    (0..count).map(fold).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alone(photos: usize) -> Vec<usize> {
        (0..photos).collect()
    }

    fn sorted(mut photos: Vec<usize>) -> Vec<usize> {
        photos.sort_unstable();
        photos
    }

    fn held_out(folds: &[Fold]) -> Vec<usize> {
        let mut photos = sorted(folds.iter().flat_map(|fold| fold.held_out.iter().copied()).collect());
        photos.dedup();
        photos
    }

    #[test]
    fn a_fold_never_learns_from_what_it_holds_out() {
        for (photos, count, share) in [(3, 1, 0.3), (3, 4, 0.3), (12, 4, 0.3), (764, 3, 0.3), (5, 16, 0.9)] {
            for fold in folds(&alone(photos), count, share, 7) {
                let all = sorted(fold.train.iter().chain(&fold.held_out).copied().collect());
                assert_eq!(all, alone(photos));
                assert!(fold.train.len() >= 2 && !fold.held_out.is_empty());
            }
        }
    }

    #[test]
    fn four_folds_of_three_tenths_hold_every_photo_out() {
        for photos in [3, 4, 12, 37, 764] {
            let folds = folds(&alone(photos), 4, 0.3, 1);
            assert_eq!(held_out(&folds), alone(photos), "{photos}");
        }
    }

    #[test]
    fn one_fold_is_a_shuffled_split() {
        let split = &folds(&alone(100), 1, 0.3, 0)[0];
        assert_eq!((split.train.len(), split.held_out.len()), (70, 30));
        assert_ne!(sorted(split.held_out.clone()), alone(30));
        assert_ne!(folds(&alone(100), 1, 0.3, 1)[0], *split);
    }

    #[test]
    fn photos_of_one_piece_are_on_one_side() {
        let groups_of: Vec<usize> = (0..60).map(|photo| photo / 6).collect();
        for fold in folds(&groups_of, 4, 0.3, 3) {
            let of = |photos: &[usize]| photos.iter().map(|photo| groups_of[*photo]).collect::<Vec<_>>();
            let (trained_on, held_out) = (of(&fold.train), of(&fold.held_out));
            assert!(held_out.iter().all(|group| !trained_on.contains(group)));
            assert_eq!(held_out.len(), 18);
        }
    }
}
