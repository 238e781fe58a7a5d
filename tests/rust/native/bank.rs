//! Parity of the bank's centres and their nearest members with PyTorch (`tests/reference/training.py`).

use cse::detectors::bank::Bank;
use cse::network::grid::Grid;
use cse_tests::formula;
use cse_tests::golden::Summary;
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    bank: Clusters,
}

#[derive(Deserialize)]
struct Clusters {
    embeddings: usize,
    clusters: Vec<Cluster>,
}

#[derive(Deserialize)]
struct Cluster {
    centre: Summary,
    /// Index of the embedding nearest to the centre.
    nearest: usize,
}

const GRID: Grid = Grid { rows: 14, columns: 14 };

/// Embeddings in two groups: even ones about -0.5, odd ones about 0.5.
fn embeddings(count: usize) -> Vec<Vec<f32>> {
    let group = |index: usize| if index % 2 == 1 { 0.5 } else { -0.5 };
    let embedding = |index: usize| {
        let noise = formula::noise(&format!("embedding {index}")).take(64 * GRID.positions());
        noise.map(|value| (value + group(index)) as f32).collect()
    };
    (0..count).map(embedding).collect()
}

#[test]
fn centres_and_their_nearest_members_are_those_of_pytorch() {
    let reference: Reference =
        serde_json::from_str(include_str!("../../reference/training.json")).expect("the reference's form");
    let embeddings = embeddings(reference.bank.embeddings);
    for seed in 0..3 {
        let bank = Bank::fit(&embeddings, GRID, reference.bank.clusters.len(), seed).expect("embeddings");
        let nearest = bank.nearest_members(&embeddings);
        // k-means may number the centres in another order.
        let mut found: Vec<(&[f32], &[f32])> = bank.e14().zip(nearest.e14()).collect();
        found.sort_by(|a, b| a.0[0].total_cmp(&b.0[0]));
        for (theirs, (centre, nearest)) in reference.bank.clusters.iter().zip(found) {
            theirs.centre.assert_near_values(centre, "centre", 1e-6);
            let nearest = embeddings.iter().position(|embedding| embedding == nearest);
            assert_eq!(nearest, Some(theirs.nearest));
        }
    }
}
