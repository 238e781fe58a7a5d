//! Training through the library: in one go, in slices, and from a checkpoint.

use burn::tensor::Device;
use cse::defects::Generator;
use cse::files::category_file;
use cse::files::extractor_file::Extractor;
use cse::image::measures::Ranges;
use cse::image::photo::{Photo, Traits};
use cse::image::view::View;
use cse::network::efficientnet::Architecture;
use cse::training::checkpoint::CheckpointError;
use cse::training::drawing::{Drawing, Recipe};
use cse::training::member::{Event, MemberTraining, TrainedEmbedder};
use cse::training::model::{CategoryFacts, TrainedModel};
use cse::training::session::Session;
use cse::training::spec::{Preset, TrainSpec};
use cse::training::training_set::TrainingSet;
use cse_tests::formula;
use futures_lite::future::block_on;
use image::{Rgb, RgbImage};

/// Noise, another for each number.
fn photo(number: usize) -> Photo {
    let mut noise = formula::noise(&format!("photo {number}"));
    Photo::of_pixels(RgbImage::from_fn(96, 96, |_, _| {
        let mut value = || (128.0 + 90.0 * noise.next().unwrap_or_default()) as u8;
        Rgb([value(), value(), value()])
    }))
}

/// Features of `photos`, kept in memory, as the page keeps them.
pub(crate) fn training_set(spec: &TrainSpec, photos: &[Photo], extractor: &Extractor) -> TrainingSet {
    let device = Device::flex();
    let sizes: Vec<(u32, u32)> = photos.iter().map(|photo| photo.pixels.dimensions()).collect();
    let mut drawing = Drawing::new(Recipe::new(spec, View::Resize, &sizes));
    let mut set = TrainingSet::new(extractor, View::Resize, Box::new(Vec::new()));
    let maker = Generator::Default.maker(Vec::new());
    for (number, photo) in (0..).zip(photos) {
        block_on(set.add_photo(photo, [number; 32], &mut drawing, &maker, extractor, &device)).expect("features");
    }
    set
}

/// Trains every member by `train`, and completes the model.
pub(crate) fn train<'a>(session: &Session<'a>, train: impl Fn(MemberTraining<'a>) -> TrainedEmbedder) -> TrainedModel {
    let division = block_on(session.divide()).expect("divided");
    let embedders: Vec<TrainedEmbedder> =
        session.members(&division).map(|member| train(block_on(member.begin()).expect("begins"))).collect();
    let fit = block_on(session.fit(&division, &embedders)).expect("fitted");
    let facts = CategoryFacts {
        name: "noise".into(),
        view: View::Resize,
        photos: Traits::default(),
        ranges: Ranges::default(),
        ignored: None,
        program: "a test".into(),
    };
    session.model(&division, fit, &facts).expect("a model")
}

/// Takes every step.
pub(crate) fn in_one_go(mut training: MemberTraining<'_>) -> TrainedEmbedder {
    while block_on(training.advance()).expect("a step").is_some() {}
    training.finish().expect("validated")
}

#[test]
fn a_training_from_its_checkpoints_gives_the_same_model() {
    let device = Device::flex();
    let extractor = Extractor::load(cse_tests::random_extractor(Architecture::B0, 1), &device).expect("loads");
    let given = [("steps", "24"), ("members", "2"), ("defects-per-image", "1"), ("batch-size", "2")];
    let spec = TrainSpec::given(Preset::Default, &given).expect("settings");
    let photos: Vec<Photo> = (0..5).map(photo).collect();
    let set = training_set(&spec, &photos, &extractor);
    let session = Session { spec: &spec, extractor: &extractor, set: &set, device: &device };
    let file = |model: TrainedModel| category_file::write(&model.info, &model.tensors).expect("a file");
    let whole = file(train(&session, in_one_go));

    let division = block_on(session.divide()).expect("divided");
    let resumed = train(&session, |mut training| {
        let member = session.members(&division).nth(training.member() as usize).expect("a member");
        let mut validations = 0;
        while let Some(event) = block_on(training.advance()).expect("a step") {
            let Event::Validated(validation) = event else { continue };
            validations += 1;
            assert_eq!(validation.step, training.step());
            // Every third time the training is dropped, and another one goes on.
            if validations % 3 == 0 {
                let checkpoint = training.checkpoint().expect("a checkpoint");
                training = block_on(member.begin()).expect("begins");
                training.resume(checkpoint).expect("the same training");
            }
        }
        assert!(validations > 6 && training.step() == training.steps());
        training.finish().expect("validated")
    });
    assert!(file(resumed) == whole, "the two models differ");
}

#[test]
fn a_damaged_checkpoint_is_refused() {
    let device = Device::flex();
    let extractor = Extractor::load(cse_tests::random_extractor(Architecture::B0, 1), &device).expect("loads");
    let given = [("steps", "2"), ("members", "1"), ("defects-per-image", "1"), ("batch-size", "1")];
    let spec = TrainSpec::given(Preset::Default, &given).expect("settings");
    let photos: Vec<Photo> = (0..3).map(photo).collect();
    let set = training_set(&spec, &photos, &extractor);
    let session = Session { spec: &spec, extractor: &extractor, set: &set, device: &device };
    let division = block_on(session.divide()).expect("divided");
    let member = session.members(&division).next().expect("a member");
    let mut training = block_on(member.begin()).expect("begins");
    block_on(training.advance()).expect("a step");
    let mut checkpoint = training.checkpoint().expect("a checkpoint");
    checkpoint.module.truncate(100);
    let refused: Result<(), CheckpointError> = block_on(member.begin()).expect("begins").resume(checkpoint);
    assert!(refused.is_err());
}

/// A copy that is trained on while its photo is held out would make the held-out scores, and so the threshold, too low.
#[test]
fn varied_copies_stay_with_their_photo_and_do_not_count_as_photos() {
    let device = Device::flex();
    let extractor = Extractor::load(cse_tests::random_extractor(Architecture::B0, 1), &device).expect("loads");
    let given = [
        ("steps", "2"),
        ("members", "3"),
        ("defects-per-image", "1"),
        ("batch-size", "1"),
        ("tolerance", "light=0.2,jpeg=50,scale=0.2,blur=1"),
    ];
    let spec = TrainSpec::given(Preset::Default, &given).expect("settings");
    let photos: Vec<Photo> = (0..3).map(photo).collect();
    let set = training_set(&spec, &photos, &extractor);
    assert_eq!((set.originals().len(), set.photos.len()), (3, 63));
    let session = Session { spec: &spec, extractor: &extractor, set: &set, device: &device };
    let division = block_on(session.divide()).expect("divided");
    for fold in &division.folds {
        let originals = |photos: &[usize]| photos.iter().map(|photo| set.photos[*photo].original).collect::<Vec<_>>();
        let (trained_on, held_out) = (originals(&fold.train), originals(&fold.held_out));
        assert!(!held_out.is_empty() && held_out.iter().all(|original| !trained_on.contains(original)));
    }
    let TrainedModel { info, reviewed, .. } = train(&session, in_one_go);
    assert_eq!((info.provenance.photos, info.trained_on.len()), (3, 3));
    assert_eq!(info.provenance.settings["tolerance"], "light=0.2,jpeg=50,scale=0.2,blur=1");
    assert!(reviewed.iter().all(|group| group.photos.iter().all(|photo| *photo < 3)));
    // A score is a multiple of the threshold.
    assert_eq!(info.threshold.value, 1.0);
}
