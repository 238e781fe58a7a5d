//! From distances to a prediction (paper, section 3.5): normal ranges, score, anomaly map, threshold, and the predictor
//! that runs every step.

pub mod aggregation;
pub mod anomaly_map;
pub mod auroc;
pub mod distances;
pub mod gpu_check;
pub mod normal_range;
pub mod pixel_map;
pub mod prediction;
pub mod predictor;
pub mod score_rule;
pub mod smoothing;
pub mod threshold;
pub mod verdict;
