//! The same network on a wgpu device as on the CPU. Any adapter will do; a software one takes about 20 s an image.

use burn::tensor::{Device, DeviceKind, DeviceType, Tensor};
use cse::efficientnet::{Architecture, EfficientNetConfig, Normalisation};
use cse_tests::{relative_error, shared_tensors};

fn wgpu() -> Option<Device> {
    if Device::enumerate(DeviceType::Wgpu).into_vec().is_empty() {
        eprintln!("SKIPPED: no Vulkan, Metal or DirectX 12 device here (Debian: apt-get install mesa-vulkan-drivers)");
        return None;
    }
    Some(Device::wgpu(DeviceKind::DefaultDevice))
}

#[test]
fn b3_on_wgpu_is_b3_on_timm() {
    let (Some(device), Some((golden, _))) = (wgpu(), shared_tensors("golden/efficientnet_b3.safetensors")) else {
        return;
    };
    let Some((weights, _)) = shared_tensors("weights/efficientnet_b3_features_f16.safetensors") else { return };
    let file =
        cse::extractor_file::from_state_dict(weights, Architecture::B3, "test".into(), cse::state_dict::Precision::F32);
    let extractor = cse::extractor_file::Extractor::load(file.expect("complete"), &device).expect("loads");
    let (shape, input) = &golden["input"];
    let image = input[..input.len() / shape[0]].to_vec();
    let data = burn::tensor::TensorData::new(image, [1, 3, 224, 224]);
    let features = extractor.network.forward(Tensor::from_data(data, &device));
    for (name, map) in [("f1", features.f1), ("f2", features.f2)] {
        let ours: Vec<f32> = map.into_data().try_into_vec().expect("f32");
        let error = relative_error(&ours, &golden[name].1[..ours.len()]);
        println!("{name}: relative L2 error {error:.1e}");
        assert!(error < 1e-3, "{name}: {error}");
    }
}

#[test]
fn a_small_input_gives_on_wgpu_what_it_gives_on_the_cpu() {
    let Some(device) = wgpu() else { return };
    let cpu = Device::flex();
    cpu.seed(5);
    let config = EfficientNetConfig { architecture: Architecture::B0, normalisation: Normalisation::Folded };
    use burn::module::Module;
    let network = config.init(&cpu).materialize();
    let input = Tensor::<4>::random([1, 3, 32, 32], burn::tensor::Distribution::Default, &cpu);
    let expected: Vec<f32> = network.forward(input.clone()).f2.into_data().try_into_vec().expect("f32");
    let on_gpu = network.to_device(&device).forward(input.to_device(&device));
    let ours: Vec<f32> = on_gpu.f2.into_data().try_into_vec().expect("f32");
    let error = relative_error(&ours, &expected);
    println!("relative L2 error {error:.1e}");
    assert!(error < 1e-3, "{error}");
}
