//! Invalid model files: each gives a clear error, and none a wrong prediction.

use burn::tensor::Device;
use cse::detectors::bank::Bank;
use cse::detectors::detector::{Detector, Shape};
use cse::detectors::ensemble::{self, Head, TrainedMember};
use cse::detectors::method::Method;
use cse::embedding::embedder::{Embedder, fold_state_dict};
use cse::embedding::standardisation::Standardisation;
use cse::files::category_file::{self, CategoryInfo, CategoryModel, LossPoint, MapScale};
use cse::files::extractor_file::{self, Extractor, ExtractorInfo};
use cse::files::model_file::{self, FORMAT_VERSION, Kind, ModelFileError};
use cse::files::provenance::Provenance;
use cse::files::state_dict::{self, Precision, StateDict};
use cse::image::exposure::Exposure;
use cse::image::measures::Ranges;
use cse::image::photo::{Photo, Traits};
use cse::image::view::View;
use cse::network::efficientnet::Architecture;
use cse::network::grid::{Grid, GridMap};
use cse::network::taps::Taps;
use cse::scoring::aggregation::Aggregation;
use cse::scoring::normal_range::NormalRange;
use cse::scoring::prediction::{PredictError, Prediction};
use cse::scoring::predictor::Predictor;
use cse::scoring::score_rule::ScoreRule;
use cse::scoring::threshold::Threshold;
use futures_lite::future::block_on;

fn extractor_bytes(seed: u64) -> Vec<u8> {
    cse_tests::random_extractor(Architecture::B0, seed)
}

pub(crate) fn category_bytes(extractor_id: &str) -> Vec<u8> {
    category_bytes_times(extractor_id, 1.0)
}

/// Grid of one window.
const GRID: Grid = Grid { rows: 14, columns: 14 };
const LENGTH: usize = 64 * 196;

fn folded_embedder() -> StateDict {
    let channels = Taps::Both.channels(Architecture::B0.channels());
    let weights = block_on(Embedder::init(channels, &Device::flex()).to_state_dict()).expect("read");
    let mut folded = fold_state_dict(weights, channels).expect("complete");
    Standardisation::identity(channels).fold(&mut folded).expect("complete");
    folded
}

fn tensors(members: Vec<TrainedMember>) -> StateDict {
    let mut tensors = StateDict::new();
    ensemble::put(members, &mut tensors);
    tensors
}

fn predict(extractor: &Extractor, category: &CategoryModel, photo: &Photo) -> Result<Prediction, PredictError> {
    block_on(Predictor { extractor, category, device: &Device::flex() }.predict(photo))
}

/// Category file whose embedder has its weights multiplied by `factor`.
fn category_bytes_times(extractor_id: &str, factor: f32) -> Vec<u8> {
    let bank = Bank::fit(&[vec![0.5; LENGTH], vec![0.25; LENGTH]], GRID, 1, 0).expect("two embeddings");
    let info = CategoryInfo {
        name: "test".into(),
        extractor_id: extractor_id.into(),
        extractor_architecture: Architecture::B0.into(),
        view: View::Resize,
        exposure: Exposure::Equal,
        photos: Traits::default(),
        ranges: Ranges::default(),
        method: Method::Cse,
        taps: Taps::Both,
        rule: ScoreRule::default(),
        losses: Vec::new(),
        members: 1,
        clusters: 1,
        density_map: false,
        threshold: Threshold::new(vec![0.1, 0.2, 0.3], 3, 0.05).expect("scores"),
        map_scale: MapScale { low: 0.1, high: 0.9 },
        provenance: Provenance::default(),
        trained_on: Vec::new(),
        ignored: None,
    };
    let mut embedder = folded_embedder();
    embedder.values_mut().for_each(|(_, values)| values.iter_mut().for_each(|value| *value *= factor));
    let member = TrainedMember { embedder, head: Head::Bank(bank), weight: 1.0 };
    category_file::write(&info, &tensors(vec![member])).expect("complete")
}

#[test]
fn nan_is_an_error_and_no_verdict() {
    let device = Device::flex();
    let extractor = Extractor::load(extractor_bytes(1), &device).expect("loads");
    let pixels = image::RgbImage::from_fn(64, 64, |x, y| image::Rgb([(x * 4) as u8, (y * 4) as u8, 128]));
    let photo = Photo::of_pixels(pixels);
    let inspect = |factor: f32| {
        let category = category_bytes_times(&extractor.info.id, factor);
        let category = CategoryModel::load(&category, &extractor.info, &device).expect("loads");
        predict(&extractor, &category, &photo)
    };
    assert!(inspect(1.0).is_ok());
    // The weights are finite, but their products are not.
    assert!(matches!(inspect(1e30), Err(PredictError::NotFinite)));
}

/// A negative edge would make every distance pass for good, and a position without an edge would not be inspected.
#[test]
fn a_normal_range_that_cannot_tell_is_refused() {
    let device = Device::flex();
    let extractor = Extractor::load(extractor_bytes(1), &device).expect("loads");
    let category = category_bytes(&extractor.info.id);
    let photo = Photo::of_pixels(image::RgbImage::from_pixel(64, 64, image::Rgb([90, 120, 128])));
    let with = |edges: Vec<f32>, density_weight: Option<f32>| {
        let (mut info, tensors) = category_file::read(&category).expect("readable");
        let edges = GridMap { grid: Grid { rows: edges.len() / 7, columns: 7 }, values: edges };
        let normal_range = Some(NormalRange { edges, map_edge: 0.1, map_quartile: None });
        info.rule = ScoreRule { normal_range, density_weight, ..info.rule };
        CategoryModel::from_parts((info, tensors), &extractor.info, &device)
    };
    let inspect = |edges: Vec<f32>| predict(&extractor, &with(edges, None).expect("loads"), &photo);
    assert!(inspect(vec![0.1; 49]).is_ok());
    assert!(matches!(inspect(vec![0.1; 42]), Err(PredictError::NotFinite)));
    let error = with(vec![-0.1; 49], None).expect_err("an edge below 0");
    assert!(error.to_string().contains("above 0"), "{error}");
    assert!(with(vec![f32::INFINITY; 49], None).is_err());
    assert!(matches!(with(vec![0.1; 49], Some(-1.0)), Err(ModelFileError::Description(_))));
    // The density that the description names is missing.
    assert!(matches!(with(vec![0.1; 49], Some(1.0)), Err(ModelFileError::Tensors(_))));
}

#[test]
fn an_embedder_that_counts_against_itself_is_refused() {
    let extractor = Extractor::load(extractor_bytes(1), &Device::flex()).expect("loads");
    let bytes = category_bytes(&extractor.info.id);
    for weight in [0.0, -1.0, f32::NAN] {
        let (info, mut tensors) = category_file::read(&bytes).expect("readable");
        tensors.insert("members.weight".into(), (vec![1], vec![weight]));
        let loaded = CategoryModel::from_parts((info, tensors), &extractor.info, &Device::flex());
        assert!(matches!(loaded, Err(ModelFileError::Description(_))), "{weight}");
    }
}

#[test]
fn score_and_map_are_weighted_sums_of_the_members() {
    let device = Device::flex();
    let (aggregation, photo) =
        (Aggregation::Mean, Photo::of_pixels(image::RgbImage::from_pixel(64, 64, image::Rgb([90, 120, 128]))));
    let extractor = Extractor::load(extractor_bytes(1), &device).expect("loads");
    let bytes = category_bytes(&extractor.info.id);
    let centre = |phase: f32| (0..LENGTH).map(|i| (i as f32 + phase).sin()).collect::<Vec<f32>>();
    let embedder = folded_embedder();
    let member = |weight: f32, phase: f32| {
        let head = Head::Bank(Bank::from_e14(vec![centre(phase)], GRID));
        TrainedMember { embedder: embedder.clone(), head, weight }
    };
    let features = || {
        let window = View::Resize.windows(&photo.pixels).images().collect::<Vec<_>>();
        extractor.network.forward(cse::image::preprocess::to_tensor(&window, &device))
    };
    let distances = |members: Vec<TrainedMember>| {
        let info = category_file::read_info(&bytes).expect("readable");
        let shape = Shape { members: members.len(), ..info.shape() };
        let detector = Detector::take(shape, Architecture::B0.into(), &mut tensors(members), &device);
        let detector = detector.expect("complete");
        let outputs =
            block_on(detector.forward(features(), Taps::Both).expect("an EfficientNet").read()).expect("computed");
        detector.distances(&outputs[0], aggregation, None)
    };
    let alone = [0.0, 1.0].map(|phase| distances(vec![member(1.0, phase)]));
    let both = distances(vec![member(2.0, 0.0), member(3.0, 1.0)]);
    let [first, second] = alone.each_ref().map(|own| own.score.values[10]);
    assert!((first - second).abs() > 1e-3);
    assert!((both.score.values[10] - (2.0 * first + 3.0 * second)).abs() < 1e-5);
    let [first, second] = alone.each_ref().map(|own| own.map.values[100]);
    assert!((both.map.values[100] - (2.0 * first + 3.0 * second)).abs() < 1e-5);
}

#[test]
fn a_category_goes_with_its_own_extractor_only() {
    let device = Device::flex();
    let extractor = Extractor::load(extractor_bytes(1), &device).expect("loads");
    let other = Extractor::load(extractor_bytes(2), &device).expect("loads");
    assert_ne!(extractor.info.id, other.info.id);
    let category = category_bytes(&extractor.info.id);
    let loaded = CategoryModel::load(&category, &extractor.info, &device).expect("its own");
    assert_eq!(loaded.info.threshold.normal_scores, [0.1, 0.2, 0.3]);
    let error = CategoryModel::load(&category, &other.info, &device).expect_err("another's");
    assert!(matches!(error, ModelFileError::OtherExtractor { .. }));
    assert!(error.to_string().contains(&extractor.info.id), "{error}");
    // An extractor with the same weights, but another padding.
    let padded = ExtractorInfo { architecture: Architecture::TfB0.into(), ..extractor.info.clone() };
    let error = CategoryModel::load(&category, &padded, &device).expect_err("another architecture");
    assert!(error.to_string().contains("in use is") && error.to_string().contains("tf_efficientnet_b0"), "{error}");
}

#[test]
fn each_kind_is_refused_in_the_place_of_the_other() {
    let (extractor, category) = (extractor_bytes(1), category_bytes("0"));
    assert_eq!(model_file::header(&extractor).expect("known").kind, Kind::Extractor);
    assert_eq!(model_file::header(&category).expect("known").kind, Kind::Category);
    assert!(matches!(extractor_file::read_info(&category), Err(ModelFileError::WrongKind { .. })));
    assert!(matches!(category_file::read_info(&extractor), Err(ModelFileError::WrongKind { .. })));
}

#[test]
fn a_cut_file_is_refused_wherever_it_is_cut() {
    let category = category_bytes("0");
    for length in (0..category.len()).step_by(997) {
        let result = category_file::read(&category[..length]);
        assert!(matches!(result, Err(ModelFileError::Tensors(_))), "cut to {length} bytes: {result:?}");
    }
}

#[test]
fn a_newer_or_older_format_and_a_foreign_file_are_named() {
    let bytes = category_bytes("0");
    // The length of the header, the header, and the tensors' bytes, whose offsets count from the end of the header.
    let end = 8 + u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
    let header = std::str::from_utf8(&bytes[8..end]).expect("text");
    let with_version = |version: u32| {
        let own = format!(r#"format_version\":{}"#, model_file::FORMAT_VERSION);
        assert!(header.contains(&own), "the description holds its version: {header}");
        let changed = header.replace(&own, &format!(r#"format_version\":{version}"#));
        let length = (changed.len() as u64).to_le_bytes();
        let file = [&length, changed.as_bytes(), &bytes[end..]].concat();
        category_file::read_info(&file).expect_err("another version")
    };
    let newer = with_version(model_file::FORMAT_VERSION + 1);
    assert!(matches!(newer, ModelFileError::Newer(version) if version == model_file::FORMAT_VERSION + 1), "{newer}");
    let older = with_version(model_file::FORMAT_VERSION - 1);
    assert!(matches!(older, ModelFileError::Older(version) if version == model_file::FORMAT_VERSION - 1), "{older}");
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
    let bytes = category_bytes("0");
    let (info, tensors) = category_file::read(&bytes).expect("readable");
    let again = category_file::write(&info, &tensors).expect("writes");
    assert!(again == bytes, "read and written again, the file differs");
}

/// Every field of a file is checked against its range, because predictions depend on it.
#[test]
fn a_description_beyond_its_ranges_is_refused() {
    type Change<'a> = &'a dyn Fn(&mut CategoryInfo);
    let bytes = category_bytes("0");
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
        ("threshold", &|info| info.threshold.value = 1e30),
        ("threshold", &|info| info.threshold.value = -1.0),
        ("threshold", &|info| info.threshold.value = f32::NAN),
        ("far above all scores", &|info| info.threshold.value = 99.0),
        ("scale", &|info| info.map_scale = MapScale { low: 0.9, high: 0.1 }),
        ("rate", &|info| info.threshold.false_positive_rate = 1.5),
        ("ascending", &|info| info.threshold.normal_scores.reverse()),
        ("embedder", &|info| info.members = 1_000_000),
        ("provenance", &|info| info.provenance.program = "x".repeat(1_000_000)),
    ];
    for (word, change) in changes {
        let refused = changed(change).expect_err(word).to_string();
        assert!(refused.contains(word), "{word}: {refused}");
    }
}

/// A file with 40,000 losses and 150,000 scores must load fast. It once took minutes.
#[test]
fn long_lists_are_tensors_and_a_long_description_is_refused() {
    let (mut info, tensors) = category_file::read(&category_bytes("0")).expect("readable");
    info.losses = vec![(0..40_000).map(|step| LossPoint { step, training: 0.5, validation: 0.25 }).collect()];
    info.threshold.normal_scores = (0..150_000).map(|score| score as f32 / 1000.0).collect();
    info.trained_on = (0..50_000_u64).map(u64::to_be_bytes).collect();
    let bytes = category_file::write(&info, &tensors).expect("complete");
    let again = category_file::read_info(&bytes).expect("readable");
    assert!(again == info);
    let header = u64::from_le_bytes(*bytes.first_chunk().expect("a length"));
    assert!(header < 20_000, "{header} bytes of header");
    let long = state_dict::write(
        &StateDict::new(),
        [(
            "cse".to_owned(),
            format!("{{\"kind\":\"category\",\"format_version\":{FORMAT_VERSION},\"x\":\"{}\"}}", "y".repeat(40_000)),
        )]
        .into(),
        Precision::F32,
    );
    let refused = category_file::read_info(&long.expect("writes")).expect_err("a long description");
    assert!(matches!(refused, ModelFileError::Long(_)), "{refused}");
}
