//! The same on every GPU that is here as on the CPU: what the extractor gives, and how a network learns. Any wgpu adapter
//! will do, and a software one takes about 20 s a photo; CUDA is looked for where it was built in.

use burn::module::Module;
use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::{Device, DeviceKind, DeviceType, Distribution, Tensor, TensorData};
use cse::network::efficientnet::{Architecture, EfficientNet, EfficientNetConfig, Normalisation};
use cse_tests::{relative_error, shared_tensors};

/// Every GPU, by name.
fn gpus() -> Vec<(&'static str, Device)> {
    let mut gpus = Vec::new();
    if Device::enumerate(DeviceType::Wgpu).into_vec().is_empty() {
        eprintln!("SKIPPED: no Vulkan, Metal or DirectX 12 device here (Debian: apt-get install mesa-vulkan-drivers)");
    } else {
        gpus.push(("wgpu", Device::wgpu(DeviceKind::DefaultDevice)));
    }
    #[cfg(feature = "cuda")]
    if Device::enumerate(DeviceType::Cuda).into_vec().is_empty() {
        eprintln!("SKIPPED: no CUDA device here");
    } else {
        gpus.push(("cuda", Device::cuda(0)));
    }
    gpus
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec().expect("f32")
}

#[test]
fn b3_is_that_of_timm() {
    let Some((golden, _)) = shared_tensors("golden/efficientnet_b3.safetensors") else { return };
    let Some((weights, _)) = shared_tensors("weights/efficientnet_b3_features_f16.safetensors") else { return };
    let file = cse::files::extractor_file::from_state_dict(
        weights,
        Architecture::B3,
        "test".into(),
        cse::files::state_dict::Precision::F32,
    )
    .expect("complete");
    for (name, device) in gpus() {
        let extractor = cse::files::extractor_file::Extractor::load(file.clone(), &device).expect("loads");
        let (shape, input) = &golden["input"];
        let image = input[..input.len() / shape[0]].to_vec();
        let features = extractor.network.forward(Tensor::from_data(TensorData::new(image, [1, 3, 224, 224]), &device));
        for (map_name, map) in [("f1", features.stage5), ("f2", features.stage7)] {
            let ours = values(map);
            let error = relative_error(&ours, &golden[map_name].1[..ours.len()]);
            println!("{name}, {map_name}: relative L2 error {error:.1e}");
            assert!(error < 1e-3, "{name}, {map_name}: {error}");
        }
    }
}

fn network(architecture: Architecture) -> EfficientNet {
    let cpu = Device::flex();
    cpu.seed(5);
    // `valid` draws the weights, which Burn otherwise does at their first use.
    EfficientNetConfig { architecture, normalisation: Normalisation::Folded }.init(&cpu).valid()
}

#[test]
fn a_small_input_gives_what_it_gives_on_the_cpu() {
    // The two ways to pad.
    for architecture in [Architecture::B0, Architecture::TfB0] {
        let network = network(architecture);
        let input = Tensor::<4>::random([1, 3, 32, 32], Distribution::Default, &Device::flex());
        let expected = values(network.forward(input.clone()).stage7);
        for (name, device) in gpus() {
            let ours = values(network.clone().to_device(&device).forward(input.clone().to_device(&device)).stage7);
            let error = relative_error(&ours, &expected);
            println!("{name}, {architecture}: relative L2 error {error:.1e}");
            assert!(error < 1e-3, "{name}, {architecture}: {error}");
        }
    }
}

/// On a GPU a network that learns has its convolutions written in another way, and CUDA rounds what it multiplies to
/// TensorFloat-32, whose mantissa has 10 bits.
#[test]
fn a_network_learns_what_it_learns_on_the_cpu() {
    let cpu = Device::flex();
    let network = network(Architecture::TfB0);
    let input = Tensor::<4>::random([2, 3, 32, 32], Distribution::Default, &cpu).into_data();
    let learnt = |device: &Device| {
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
    let expected = learnt(&cpu);
    for (name, device) in gpus() {
        for ((what, ours), theirs) in
            ["loss", "f1 after a step", "f2 after a step"].iter().zip(learnt(&device)).zip(&expected)
        {
            let error = relative_error(&ours, theirs);
            println!("{name}, {what}: relative L2 error {error:.1e}");
            assert!(error < 5e-3, "{name}, {what}: {error}");
        }
    }
}
