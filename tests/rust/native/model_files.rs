//! Model files that are not what they should be: each a clear error, none a wrong verdict.

use burn::tensor::Device;
use cse::detectors::bank::Bank;
use cse::detectors::detector::{Detector, Judge, Method, Shape, TrainedMember};
use cse::embedding::embedder::Embedder;
use cse::embedding::standardisation::Standardisation;
use cse::files::category_file::{self, CategoryInfo, CategoryModel, LossPoint, MapScale};
use cse::files::extractor_file::{self, Extractor, ExtractorInfo};
use cse::files::model_file::{self, Kind, ModelFileError};
use cse::files::state_dict::{self, Precision, StateDict};
use cse::image::photo::{Photo, Traits};
use cse::image::view::View;
use cse::network::efficientnet::Architecture;
use cse::network::taps::Taps;
use cse::scoring::aggregation::Aggregation;
use cse::scoring::score_rule::ScoreRule;
use cse::scoring::distances::{DensityWeights, Weights};
use cse::scoring::normal_range::NormalRange;
use cse::scoring::predictor::{InspectError, Inspector};
use cse::scoring::threshold::Threshold;

fn extractor_bytes(seed: u64) -> Vec<u8> {
    cse_tests::random_extractor(Architecture::B0, seed)
}

pub(crate) fn texture_bytes(extractor_id: &str) -> Vec<u8> {
    texture_bytes_times(extractor_id, 1.0)
}

fn folded_embedder() -> StateDict {
    let (c1, c2) = Architecture::B0.channels();
    let embedder = Embedder::init(c1 + c2, &Device::flex()).to_state_dict();
    let standardisation = Standardisation::identity(c1 + c2);
    category_file::folded_embedder(embedder, &standardisation, c1 + c2).expect("complete")
}

/// With the embedder's weights multiplied.
fn texture_bytes_times(extractor_id: &str, factor: f32) -> Vec<u8> {
    let bank = Bank::fit(&[vec![0.5; E14_LENGTH], vec![0.25; E14_LENGTH]], 1, 0).expect("two embeddings");
    let info = CategoryInfo {
        name: "test".into(),
        extractor_id: extractor_id.into(),
        extractor_architecture: Architecture::B0,
        view: View::Resize,
        photos: Traits::default(),
        method: Method::Cse,
        taps: Taps::Both,
        rule: ScoreRule::default(),
        losses: Vec::new(),
        members: 1,
        clusters: 1,
        calibration: Calibration::new(vec![0.1, 0.2, 0.3], 3, 0.05).expect("scores"),
        map_scale: MapScale { low: 0.1, high: 0.9 },
        provenance: "test".into(),
        learnt_from: Vec::new(),
        ignored: None,
    };
    let mut embedder = folded_embedder();
    embedder.values_mut().for_each(|(_, values)| values.iter_mut().for_each(|value| *value *= factor));
    let member = TrainedMember { embedder, judge: Judge::Bank(bank), weights: Weights::both(1.0) };
    let tensors = Detector::embedded_tensors(vec![member], None);
    category_file::write(&info, &tensors).expect("complete")
}

#[test]
fn what_is_no_number_is_an_error_and_no_verdict() {
    let device = Device::flex();
    let extractor = Extractor::load(extractor_bytes(1), &device).expect("loads");
    let pixels = image::RgbImage::from_fn(64, 64, |x, y| image::Rgb([(x * 4) as u8, (y * 4) as u8, 128]));
    let photo = Photo::of_pixels(pixels);
    let inspect = |factor: f32| {
        let texture = texture_bytes_times(&extractor.info.id, factor);
        let texture = CategoryModel::load(&texture, &extractor.info, &device).expect("loads");
        let inspector = Inspector { extractor: &extractor, texture: &texture, device: &device };
        futures_lite::future::block_on(inspector.inspect(&photo))
    };
    assert!(inspect(1.0).is_ok());
    // Finite weights whose products are not.
    assert!(matches!(inspect(1e30), Err(InspectError::NoNumber)));
}

/// Distances counted in an edge below 0 would all pass for good, and those of a position without one would not count.
#[test]
fn a_normal_range_that_cannot_tell_is_refused() {
    let device = Device::flex();
    let extractor = Extractor::load(extractor_bytes(1), &device).expect("loads");
    let texture = texture_bytes(&extractor.info.id);
    let photo = Photo::of_pixels(image::RgbImage::from_pixel(64, 64, image::Rgb([90, 120, 128])));
    let with = |edges: Vec<f32>, density: Option<DensityWeights>| {
        let (mut info, tensors) = category_file::read(&texture).expect("readable");
        let normal_range = Some(NormalRange { edges, map_edge: 0.1, density_edges: Vec::new() });
        info.rule = ScoreRule { normal_range, density, ..info.rule };
        CategoryModel::from_parts((info, tensors), &extractor.info, &device)
    };
    let inspect = |edges: Vec<f32>| {
        let texture = with(edges, None).expect("loads");
        let inspector = Inspector { extractor: &extractor, texture: &texture, device: &device };
        futures_lite::future::block_on(inspector.inspect(&photo))
    };
    assert!(inspect(vec![0.1; 49]).is_ok());
    assert!(matches!(inspect(vec![0.1; 48]), Err(InspectError::NoNumber)));
    let error = with(vec![-0.1; 49], None).expect_err("an edge below 0");
    assert!(error.to_string().contains("above 0"), "{error}");
    assert!(with(vec![f32::INFINITY; 49], None).is_err());
    let below = Some(DensityWeights { weight: 0.0, excess: -1.0 });
    assert!(matches!(with(vec![0.1; 49], below), Err(ModelFileError::Description(_))));
    // The density that it speaks of is missing.
    assert!(matches!(
        with(vec![0.1; 49], Some(DensityWeights { weight: 1.0, excess: 0.0 })),
        Err(ModelFileError::Tensors(_))
    ));
}

#[test]
fn an_embedder_that_counts_against_itself_is_refused() {
    let extractor = Extractor::load(extractor_bytes(1), &Device::flex()).expect("loads");
    let bytes = texture_bytes(&extractor.info.id);
    for name in ["members.weight", "members.map_weight"] {
        for weight in [0.0, -1.0, f32::NAN] {
            let (info, mut tensors) = category_file::read(&bytes).expect("readable");
            tensors.insert(name.into(), (vec![1], vec![weight]));
            let loaded = CategoryModel::from_parts((info, tensors), &extractor.info, &Device::flex());
            assert!(matches!(loaded, Err(ModelFileError::Description(_))), "{name} {weight}");
        }
    }
}

/// Of two embedders the second counts in the score alone.
#[test]
fn the_map_is_of_the_embedders_that_count_in_it() {
    let device = Device::flex();
    let bytes = texture_bytes("of no interest");
    let embedding = |phase: f32| (0..E14_LENGTH).map(|i| (i as f32 + phase).sin()).collect::<Vec<f32>>();
    let bank = || Bank::from_e14(vec![embedding(0.0)]);
    let member = |weights: Weights| TrainedMember { embedder: folded_embedder(), judge: Judge::Bank(bank()), weights };
    let weights = [Weights::both(2.0), Weights { score: 3.0, map: 0.0 }];
    let tensors = Detector::embedded_tensors(weights.map(member).into(), None);
    let seen = [embedding(0.5), embedding(1.5)];
    let compare = |mut tensors: StateDict| {
        let info = category_file::read_info(&bytes).expect("readable");
        let shape = Shape { members: 2, ..info.shape() };
        let detector = Detector::take(shape, Architecture::B0.channels(), &mut tensors, &device).expect("complete");
        detector.compare(&seen.concat(), Aggregation::Mean)
    };
    let alone = seen.each_ref().map(|e14| bank().compare(e14, Aggregation::Mean));
    let of_both = |[first, second]: [f32; 2]| 2.0 * first + 3.0 * second;
    let distances = alone.each_ref().map(|own| own.distances[10]);
    let grid = alone.each_ref().map(|own| own.grid[100]);
    assert!(distances[1] > 0.1 && grid[1] > 0.1);

    let joined = compare(tensors);
    assert!((joined.distances[10] - of_both(distances)).abs() < 1e-5);
    assert_eq!(joined.grid[100], 2.0 * grid[0]);
}

#[test]
fn a_texture_goes_with_its_own_extractor_only() {
    let device = Device::flex();
    let extractor = Extractor::load(extractor_bytes(1), &device).expect("loads");
    let other = Extractor::load(extractor_bytes(2), &device).expect("loads");
    assert_ne!(extractor.info.id, other.info.id);
    let texture = texture_bytes(&extractor.info.id);
    let loaded = CategoryModel::load(&texture, &extractor.info, &device).expect("its own");
    assert_eq!(loaded.info.calibration.normal_scores, [0.1, 0.2, 0.3]);
    let error = CategoryModel::load(&texture, &other.info, &device).expect_err("another's");
    assert!(matches!(error, ModelFileError::OtherExtractor { .. }));
    assert!(error.to_string().contains(&extractor.info.id), "{error}");
    // The same weights, but padded in another way.
    let padded = ExtractorInfo { architecture: Architecture::TfB0, ..extractor.info.clone() };
    let error = CategoryModel::load(&texture, &padded, &device).expect_err("another architecture");
    assert!(error.to_string().contains("in use is") && error.to_string().contains("tf_efficientnet_b0"), "{error}");
}

#[test]
fn each_kind_is_refused_in_the_place_of_the_other() {
    let (extractor, texture) = (extractor_bytes(1), texture_bytes("0"));
    assert_eq!(model_file::header(&extractor).expect("known").kind, Kind::Extractor);
    assert_eq!(model_file::header(&texture).expect("known").kind, Kind::Category);
    assert!(matches!(extractor_file::read_info(&texture), Err(ModelFileError::WrongKind { .. })));
    assert!(matches!(category_file::read_info(&extractor), Err(ModelFileError::WrongKind { .. })));
}

#[test]
fn a_cut_file_is_refused_wherever_it_is_cut() {
    let texture = texture_bytes("0");
    for length in (0..texture.len()).step_by(997) {
        let result = category_file::read(&texture[..length]);
        assert!(matches!(result, Err(ModelFileError::Tensors(_))), "cut to {length} bytes: {result:?}");
    }
}

#[test]
fn a_newer_or_older_format_and_a_foreign_file_are_named() {
    let bytes = texture_bytes("0");
    let with_version = |version: &str| {
        let start = String::from_utf8_lossy(&bytes[8..400]).replace(
            &format!(r#"format_version\":{}"#, model_file::FORMAT_VERSION),
            &format!(r#"format_version\":{version}"#),
        );
        assert!(
            start.contains(&format!(r#"format_version\":{version}"#)),
            "the description holds its version: {start}"
        );
        let mut changed = bytes.clone();
        changed[8..8 + start.len()].copy_from_slice(start.as_bytes());
        category_file::read_info(&changed).expect_err("another version")
    };
    let newer = with_version("9");
    assert!(matches!(newer, ModelFileError::Newer { found: 9 }), "{newer}");
    let older = with_version("1");
    assert!(matches!(older, ModelFileError::Older { found: 1 }), "{older}");
    let foreign = state_dict::write(
        &StateDict::from([("weight".into(), (vec![2], vec![1.0, 2.0]))]),
        Default::default(),
        Precision::F32,
    );
    assert!(matches!(category_file::read_info(&foreign.expect("writes")), Err(ModelFileError::Foreign)));
}

#[test]
fn damaged_weights_do_not_pass_as_the_extractor_they_were() {
    let mut bytes = extractor_bytes(1);
    let last = bytes.len() - 200;
    bytes[last] ^= 0x10;
    assert!(Extractor::load(bytes, &Device::flex()).is_err());
}

#[test]
fn a_file_keeps_the_same_bytes_for_the_same_model() {
    let bytes = texture_bytes("0");
    let (info, tensors) = category_file::read(&bytes).expect("readable");
    let again = category_file::write(&info, &tensors).expect("writes");
    assert!(again == bytes, "read and written again, the file differs");
}

/// What a file states is believed only within its range: a verdict rests on it.
#[test]
fn a_description_beyond_its_ranges_is_refused() {
    type Change<'a> = &'a dyn Fn(&mut CategoryInfo);
    let bytes = texture_bytes("0");
    let (info, tensors) = category_file::read(&bytes).expect("readable");
    let changed = |change: Change<'_>| {
        let mut info = info.clone();
        change(&mut info);
        category_file::write(&info, &tensors)
    };
    assert!(changed(&|_| {}).is_ok());
    let changes: [(&str, Change<'_>); 12] = [
        ("name", &|info| info.name = String::new()),
        ("name", &|info| info.name = "x".repeat(1_000_000)),
        ("name", &|info| info.name = "a\u{202}\nb".into()),
        ("threshold", &|info| info.calibration.threshold = 1e30),
        ("threshold", &|info| info.calibration.threshold = -1.0),
        ("threshold", &|info| info.calibration.threshold = f32::NAN),
        ("above all scores", &|info| info.calibration.threshold = 9.0),
        ("scale", &|info| info.map_scale = MapScale { low: 0.9, high: 0.1 }),
        ("rate", &|info| info.calibration.false_alarm_rate = 1.5),
        ("ascending", &|info| info.calibration.normal_scores.reverse()),
        ("embedder", &|info| info.members = 1_000_000),
        ("provenance", &|info| info.provenance = "x".repeat(1_000_000)),
    ];
    for (word, change) in changes {
        let refused = changed(change).expect_err(word).to_string();
        assert!(refused.contains(word), "{word}: {refused}");
    }
}

/// 40,000 losses and 150,000 scores once took minutes to load.
#[test]
fn long_lists_are_tensors_and_a_long_description_is_refused() {
    let (mut info, tensors) = category_file::read(&texture_bytes("0")).expect("readable");
    info.losses = vec![(0..40_000).map(|step| LossPoint { step, training: 0.5, validation: 0.25 }).collect()];
    info.calibration.normal_scores = (0..150_000).map(|score| score as f32 / 1000.0).collect();
    info.learnt_from = (0..50_000_u64).map(u64::to_be_bytes).collect();
    let bytes = category_file::write(&info, &tensors).expect("complete");
    let again = category_file::read_info(&bytes).expect("readable");
    assert!(again == info);
    let header = u64::from_le_bytes(*bytes.first_chunk().expect("a length"));
    assert!(header < 20_000, "{header} bytes of header");
    let long = state_dict::write(
        &StateDict::new(),
        [("cse".to_owned(), format!("{{\"kind\":\"texture\",\"format_version\":7,\"x\":\"{}\"}}", "y".repeat(40_000)))]
            .into(),
        Precision::F32,
    );
    let refused = category_file::read_info(&long.expect("writes")).expect_err("a long description");
    assert!(matches!(refused, ModelFileError::Long(_)), "{refused}");
}
