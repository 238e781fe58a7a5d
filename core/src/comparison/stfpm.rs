//! STFPM (Wang et al. 2021): a student of the teacher's architecture, which sees the photo too.

use crate::network::ops::resized;
use burn::tensor::Tensor;

/// Anomaly map `[n, 1, size, size]` of the layers of teacher and student: the product of the layers' squared distances
/// between unit vectors.
pub(super) fn anomaly_map(teacher: [Tensor<4>; 3], student: [Tensor<4>; 3], size: [usize; 2]) -> Tensor<4> {
    let unit = |x: Tensor<4>| {
        let length = x.clone().square().sum_dim(1).sqrt().clamp_min(1e-12);
        x / length
    };
    let maps = teacher.into_iter().zip(student).map(|(teacher, student)| {
        let squared = (unit(teacher) - unit(student)).square().sum_dim(1) * 0.5;
        resized(squared, size)
    });
    maps.reduce(|product, map| product * map).expect("three layers")
}
