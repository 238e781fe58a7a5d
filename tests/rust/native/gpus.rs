//! Compares GPUs with the CPU and timm: feature maps and training. Any wgpu adapter works, and a software adapter takes
//! about 20 s a photo. These tests are ignored by default, and fail where the GPU is missing.

use burn::module::Module;
use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::{Device, DeviceKind, DeviceType, Distribution, Tensor};
use cse::files::state_dict::Precision;
use cse::network::efficientnet::{Architecture, EfficientNet, EfficientNetConfig, Normalisation};
use cse_tests::{formula, relative_error};

use crate::networks::{self, REFERENCE};

/// The tests on one device.
macro_rules! tests_on {
    ($module:ident, $device:expr, $needs:literal) => {
        mod $module {
            use super::*;

            #[test]
            #[ignore = $needs]
            fn feature_maps_are_those_of_timm() {
                super::feature_maps_are_those_of_timm(&$device);
            }

            #[test]
            #[ignore = $needs]
            fn a_small_input_gives_what_it_gives_on_the_cpu() {
                super::a_small_input_gives_what_it_gives_on_the_cpu(&$device);
            }

            #[test]
            #[ignore = $needs]
            fn training_gives_the_same_as_on_the_cpu() {
                super::training_gives_the_same_as_on_the_cpu(&$device);
            }
        }
    };
}

tests_on!(wgpu, found(DeviceType::Wgpu, || Device::wgpu(DeviceKind::DefaultDevice)), "needs a GPU, see README");
#[cfg(feature = "cuda")]
tests_on!(cuda, found(DeviceType::Cuda, || Device::cuda(0)), "needs an NVIDIA GPU, see README");

/// Device that `open` opens, if there is one of its kind.
fn found(kind: DeviceType, open: impl FnOnce() -> Device) -> Device {
    assert!(!Device::enumerate(kind).into_vec().is_empty(), "no GPU of the kind that this test needs was found");
    open()
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec().expect("f32")
}

fn feature_maps_are_those_of_timm(device: &Device) {
    let extractor = networks::extractor(Architecture::B3, Precision::F32, device);
    let maps = extractor.network.forward(formula::tensor("image", [1, 3, 224, 224], device));
    let ours = maps.efficient_net().expect("an EfficientNet");
    let theirs = &REFERENCE.extractors["efficientnet_b3"]["224x224"];
    theirs.stage5.assert_near(ours.stage5, "stage5", 1e-3);
    theirs.stage7.assert_near(ours.stage7, "stage7", 1e-3);
}

fn network(architecture: Architecture) -> EfficientNet {
    let cpu = Device::flex();
    cpu.seed(5);
    // `valid` draws the weights, which Burn otherwise does at their first use.
    EfficientNetConfig { architecture, normalisation: Normalisation::Folded }.init(&cpu).valid()
}

fn a_small_input_gives_what_it_gives_on_the_cpu(device: &Device) {
    // The two kinds of padding.
    for architecture in [Architecture::B0, Architecture::TfB0] {
        let network = network(architecture);
        let input = Tensor::<4>::random([1, 3, 32, 32], Distribution::Default, &Device::flex());
        let expected = values(network.forward(input.clone()).stage7);
        let ours = values(network.to_device(device).forward(input.to_device(device)).stage7);
        let error = relative_error(&ours, &expected);
        println!("{architecture}: relative L2 error {error:.1e}");
        assert!(error < 1e-3, "{architecture}: {error}");
    }
}

/// Training on a GPU uses other kernels for convolutions. CUDA rounds their inputs to TensorFloat-32, whose mantissa has
/// 10 bits.
fn training_gives_the_same_as_on_the_cpu(device: &Device) {
    let cpu = Device::flex();
    let network = network(Architecture::TfB0);
    let input = Tensor::<4>::random([2, 3, 32, 32], Distribution::Default, &cpu).into_data();
    let trained = |device: &Device| {
        let device = device.clone().autodiff();
        let network = network.clone().to_device(&device).train();
        let images = Tensor::from_data(input.clone(), &device);
        let features = network.forward(images.clone());
        let loss = features.stage5.square().mean() + (features.stage7 - 0.5).square().mean();
        let gradients = GradientsParams::from_grads(loss.clone().backward(), &network);
        let network: EfficientNet = SgdConfig::new().init().step(0.05, network, gradients);
        let after = network.forward(images);
        [vec![loss.into_scalar::<f32>()], values(after.stage5), values(after.stage7)]
    };
    let expected = trained(&cpu);
    for ((what, ours), theirs) in
        ["loss", "stage5 after a step", "stage7 after a step"].iter().zip(trained(device)).zip(&expected)
    {
        let error = relative_error(&ours, theirs);
        println!("{what}: relative L2 error {error:.1e}");
        assert!(error < 5e-3, "{what}: {error}");
    }
}
