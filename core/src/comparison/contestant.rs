//! Contestant: a contender that was built on a device, to be run and timed.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, ExecutionError, Tensor};
use image::RgbImage;

use super::cfa::Cfa;
use super::contender::Contender;
use super::cse::Cse;
use super::fast_flow::FastFlow;
use super::padim::Padim;
use super::patch_core::PatchCore;
use super::reverse_distillation::ReverseDistillation;
use super::stfpm;
use crate::detectors::detector::{finish, read};
use crate::files::model_file::ModelFileError;
use crate::image::preprocess::{INPUT_SIDE, to_tensor};
use crate::network::resnet::{ResNet, ResNetArchitecture};
use crate::network::tally::Tally;
use crate::random::turn_to_draw;
use crate::scoring::prediction::PredictError;

/// Side of the anomaly maps.
const SIDE: usize = INPUT_SIDE as usize;
/// Patches of `layer2` of the photos that PatchCore's bank is made of.
const BANK_PATCHES: usize = 280 * (SIDE / 8) * (SIDE / 8);

/// Positions of `layer1`.
const POSITIONS: usize = (SIDE / 4) * (SIDE / 4);

/// A window with a pattern. Times do not depend on what is on it.
pub fn pattern() -> RgbImage {
    let wave = |x: u32| (0.7 * x as f32).sin();
    RgbImage::from_fn(INPUT_SIDE, INPUT_SIDE, |x, y| {
        let grey = 128.0 + 60.0 * wave(x) * wave(y) + 20.0 * wave(x * y);
        image::Rgb([grey as u8, (0.9 * grey) as u8, (0.7 * grey) as u8])
    })
}

/// Step of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Pixels are normalised and brought to the device.
    Input,
    /// The backbone computes its feature maps.
    Backbone,
    /// The method computes the anomaly map, which is read back to the host.
    Method,
}

/// Number of weights and of stored numbers of a contender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Weight {
    /// Weights of all networks, with BatchNorm folded into the convolutions.
    pub parameters: usize,
    /// Numbers in memory bank, Gaussians or cluster centres.
    pub stored: usize,
}

/// Contender with random weights on a device.
#[derive(Debug)]
pub struct Contestant {
    parts: Parts,
    device: Device,
}

#[derive(Debug)]
enum Parts {
    Cse(Box<Cse>),
    Other(Box<Other>),
}

/// A ResNet, and what follows it.
#[derive(Debug)]
struct Other {
    backbone: ResNet,
    head: Head,
}

/// Method after a backbone.
#[derive(Debug)]
enum Head {
    PatchCore(PatchCore),
    FastFlow(FastFlow),
    ReverseDistillation(Box<ReverseDistillation>),
    Stfpm(Box<ResNet>),
    Padim(Box<Padim>),
    Cfa(Box<Cfa>),
}

impl Contestant {
    /// Builds a contender on `device`, whose random numbers it draws its weights from.
    ///
    /// # Errors
    /// None in practice: a tensor of the program's own making would have to be missing.
    pub fn new(contender: Contender, device: &Device) -> Result<Self, ModelFileError> {
        use ResNetArchitecture::{ResNet18, WideResNet50};
        let _turn = turn_to_draw();
        device.seed(0);
        let other = |architecture: ResNetArchitecture, head| {
            Parts::Other(Box::new(Other { backbone: ResNet::new(architecture, device), head }))
        };
        let patch_core = |percent: usize| {
            let [_, two, three] = WideResNet50.channels();
            other(WideResNet50, Head::PatchCore(PatchCore::new(BANK_PATCHES * percent / 100, two + three, device)))
        };
        let reverse = |teacher, projected| {
            let networks = ReverseDistillation::new(teacher, projected, device);
            other(teacher, Head::ReverseDistillation(Box::new(networks)))
        };
        let parts = match contender {
            Contender::CseB3 => Parts::Cse(Box::new(Cse::of_paper(device)?)),
            Contender::CseShipped => Parts::Cse(Box::new(Cse::shipped(device)?)),
            Contender::Patchcore1 => patch_core(1),
            Contender::Patchcore10 => patch_core(10),
            Contender::Fastflow => {
                let [one, two, three] = WideResNet50.channels();
                let layers = [(one, 4), (two, 8), (three, 16)];
                let layers = layers.map(|(channels, stride)| [channels, SIDE / stride, SIDE / stride]);
                other(WideResNet50, Head::FastFlow(FastFlow::new(layers, device)))
            }
            Contender::ReverseDistillationWide => reverse(WideResNet50, false),
            Contender::ReverseDistillation18 => reverse(ResNet18, false),
            Contender::RdPlusPlus => reverse(WideResNet50, true),
            Contender::Stfpm => other(ResNet18, Head::Stfpm(Box::new(ResNet::new(ResNet18, device)))),
            Contender::Padim => other(ResNet18, Head::Padim(Box::new(Padim::new(ResNet18, POSITIONS, device)))),
            Contender::Cfa => other(WideResNet50, Head::Cfa(Box::new(Cfa::new(WideResNet50, POSITIONS, device)))),
        };
        parts.draw();
        Ok(Self { parts, device: device.clone() })
    }

    /// Number of its weights and of its stored numbers.
    pub fn weight(&self) -> Weight {
        let (parameters, stored) = match &self.parts {
            Parts::Cse(cse) => cse.sizes(),
            Parts::Other(other) => {
                let Other { backbone, head } = other.as_ref();
                let (parameters, stored) = match head {
                    Head::PatchCore(bank) => (0, bank.stored()),
                    Head::FastFlow(flow) => (flow.num_params(), 0),
                    Head::ReverseDistillation(networks) => (networks.num_params(), 0),
                    Head::Stfpm(student) => (student.num_params(), 0),
                    Head::Padim(gaussians) => (0, gaussians.stored()),
                    Head::Cfa(cfa) => (cfa.num_params(), cfa.stored()),
                };
                (backbone.num_params() + parameters, stored)
            }
        };
        Weight { parameters, stored }
    }

    /// Waits until the device holds all weights. A cold run would wait for them otherwise.
    ///
    /// # Errors
    /// The device fails.
    pub async fn ready(&self) -> Result<(), ExecutionError> {
        // The device works in order, so what is asked for last is there last.
        finish(&Tensor::zeros([1, 1, 1, 1], &self.device)).await
    }

    /// Anomaly map of a window of 224 x 224 pixels, 224 values in each of 224 rows. `finished` is called after each step.
    /// The device finishes the backbone before the method begins, which costs a GPU one more reading. What brings pixels to
    /// a GPU may end within the second step. `tally` counts the multiply-adds.
    ///
    /// # Errors
    /// The device fails, or gives NaN or the same value everywhere.
    pub async fn run(
        &self,
        window: RgbImage,
        tally: &Tally,
        finished: &mut dyn FnMut(Step),
    ) -> Result<Vec<f32>, PredictError> {
        let input = to_tensor(&[window], &self.device);
        finished(Step::Input);
        let map = match &self.parts {
            Parts::Cse(cse) => {
                let features = cse.features(input, tally);
                finish(&features.stage7).await?;
                finished(Step::Backbone);
                cse.anomaly_map(features, SIDE, tally).await?
            }
            Parts::Other(other) => {
                let Other { backbone, head } = other.as_ref();
                let layers = backbone.forward(input.clone(), tally);
                finish(&layers[2]).await?;
                finished(Step::Backbone);
                read(head.anomaly_map(input, layers, tally)).await?.remove(0)
            }
        };
        finished(Step::Method);
        if !map.iter().all(|value| value.is_finite()) {
            return Err(PredictError::NotFinite);
        }
        // The time of a device that computes nothing says nothing.
        match map.iter().all(|value| *value == map[0]) {
            true => Err(PredictError::Device("it gives the same number everywhere".into())),
            false => Ok(map),
        }
    }
}

/// Uses each weight, which Burn draws only then. A cold run would do it otherwise.
struct Draw;

impl ModuleVisitor for Draw {
    fn visit_float<const D: usize>(&mut self, weight: &Param<Tensor<D>>) {
        drop(weight.val());
    }
}

impl Parts {
    fn draw(&self) {
        match self {
            Self::Cse(cse) => cse.network().visit(&mut Draw),
            Self::Other(other) => {
                other.backbone.visit(&mut Draw);
                match &other.head {
                    Head::FastFlow(flow) => flow.visit(&mut Draw),
                    Head::ReverseDistillation(networks) => networks.visit(&mut Draw),
                    Head::Stfpm(student) => student.visit(&mut Draw),
                    Head::Cfa(cfa) => cfa.visit(&mut Draw),
                    Head::PatchCore(_) | Head::Padim(_) => {}
                }
            }
        }
    }
}

impl Head {
    fn anomaly_map(&self, input: Tensor<4>, layers: [Tensor<4>; 3], tally: &Tally) -> Tensor<4> {
        let size = [SIDE; 2];
        match self {
            Self::PatchCore(bank) => bank.anomaly_map(layers, size, tally),
            Self::FastFlow(flow) => flow.anomaly_map(layers, size, tally),
            Self::ReverseDistillation(networks) => networks.anomaly_map(layers, size, tally),
            Self::Stfpm(student) => stfpm::anomaly_map(layers, student.forward(input, tally), size),
            Self::Padim(gaussians) => gaussians.anomaly_map(layers, size, tally),
            Self::Cfa(cfa) => cfa.anomaly_map(layers, size, tally),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_lite::future::block_on;

    use super::*;

    /// Only the small ones: the others take seconds without a GPU. `native-train bench` runs all.
    #[test]
    fn small_contestants_give_a_map_by_three_steps() {
        for contender in [Contender::CseB3, Contender::CseShipped, Contender::ReverseDistillation18, Contender::Stfpm] {
            let contestant = Contestant::new(contender, &Device::flex()).unwrap();
            let (mut steps, tally) = (Vec::new(), Tally::default());
            let map = block_on(contestant.run(pattern(), &tally, &mut |step| steps.push(step))).unwrap();
            assert_eq!(map.len(), SIDE * SIDE, "{contender}");
            assert_eq!(steps, [Step::Input, Step::Backbone, Step::Method]);
        }
    }
}
