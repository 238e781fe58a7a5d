//! Area under the receiver operating characteristic.

/// Area under the receiver operating characteristic, 0 to 1, as `sklearn.metrics.roc_auc_score` computes it. `None` where a
/// class is missing, a score is NaN, or the slices differ in length.
pub fn auroc(scores: &[f32], defective: &[bool]) -> Option<f64> {
    if scores.len() != defective.len() || scores.iter().any(|score| score.is_nan()) {
        return None;
    }
    let mut pairs: Vec<(f32, bool)> = scores.iter().copied().zip(defective.iter().copied()).collect();
    pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let (mut below, mut area) = (0.0, 0.0);
    for equal in pairs.chunk_by(|a, b| a.0 == b.0) {
        let positive = equal.iter().filter(|(_, defective)| *defective).count() as f64;
        let negative = equal.len() as f64 - positive;
        // A defective image counts every good one with a lower score, and half of those with the same score.
        area += positive * (below + negative / 2.0);
        below += negative;
    }
    let positives = defective.iter().filter(|defective| **defective).count() as f64;
    let all = positives * below;
    (all > 0.0).then(|| area / all)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares with `sklearn.metrics.roc_auc_score`.
    #[test]
    fn equal_scores_count_half() {
        let (scores, defective) = ([0.1, 0.4, 0.35, 0.8, 0.4], [false, false, true, true, true]);
        assert!((auroc(&scores, &defective).unwrap() - 0.75).abs() < 1e-12);
        assert_eq!(auroc(&scores, &[true; 5]), None);
        assert_eq!(auroc(&[f32::NAN, 0.0], &[true, false]), None);
    }
}
