// Random weights in the files that timm and torchvision publish: names, shapes and format are theirs.
import { asFile } from "./photos.mjs";

// EfficientNet-B0's stages, scaled by width 1.2 and depth 1.4 (Tan and Le, 2019).
const stem = 40;
const stages = [
	{ expand: 1, kernel: 3, channels: 24, blocks: 2 },
	{ expand: 6, kernel: 3, channels: 32, blocks: 3 },
	{ expand: 6, kernel: 5, channels: 48, blocks: 3 },
	{ expand: 6, kernel: 3, channels: 96, blocks: 5 },
	{ expand: 6, kernel: 5, channels: 136, blocks: 5 },
	{ expand: 6, kernel: 5, channels: 232, blocks: 6 },
	{ expand: 6, kernel: 3, channels: 384, blocks: 2 },
];

/** Names and shapes of all tensors of an EfficientNet-B3 up to the end of the last stage. */
function shapesOfB3() {
	const all = new Map([["conv_stem.weight", [stem, 3, 3, 3]]]);
	const norm = (name, channels) => {
		for (const part of ["weight", "bias", "running_mean", "running_var"])
			all.set(`${name}.${part}`, [channels]);
	};
	norm("bn1", stem);
	let input = stem;
	for (const [s, { expand, kernel, channels, blocks }] of stages.entries()) {
		for (let b = 0; b < blocks; b++) {
			const block = `blocks.${s}.${b}`;
			const inner = input * expand;
			const layers = expand === 1 ? ["conv_dw", "conv_pw"] : ["conv_pw", "conv_dw", "conv_pwl"];
			for (const [place, conv] of layers.entries()) {
				const last = place === layers.length - 1;
				const output = last ? channels : inner;
				const shape = conv === "conv_dw" ? [inner, 1, kernel, kernel] : [output, last ? inner : input, 1, 1];
				all.set(`${block}.${conv}.weight`, shape);
				norm(`${block}.bn${place + 1}`, output);
			}
			const reduced = input / 4;
			all.set(`${block}.se.conv_reduce.weight`, [reduced, inner, 1, 1]);
			all.set(`${block}.se.conv_reduce.bias`, [reduced]);
			all.set(`${block}.se.conv_expand.weight`, [inner, reduced, 1, 1]);
			all.set(`${block}.se.conv_expand.bias`, [inner]);
			input = channels;
		}
	}
	return all;
}

/** Names and shapes of all tensors of a ResNet-18 up to `layer3`. */
function shapesOfResNet18() {
	const all = new Map();
	const layer = (conv, norm, shape) => {
		all.set(`${conv}.weight`, shape);
		for (const part of ["weight", "bias", "running_mean", "running_var"])
			all.set(`${norm}.${part}`, [shape[0]]);
	};
	layer("conv1", "bn1", [64, 3, 7, 7]);
	let input = 64;
	for (const [index, planes] of [64, 128, 256].entries()) {
		for (const block of [0, 1]) {
			const name = `layer${index + 1}.${block}`;
			layer(`${name}.conv1`, `${name}.bn1`, [planes, input, 3, 3]);
			layer(`${name}.conv2`, `${name}.bn2`, [planes, planes, 3, 3]);
			if (input !== planes) layer(`${name}.downsample.0`, `${name}.downsample.1`, [planes, input, 1, 1]);
			input = planes;
		}
	}
	return all;
}

/** Numbers between -1 and 1, the same at each call. */
function* noise() {
	let state = 1;
	for (;;) {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		yield state / 2 ** 31 - 1;
	}
}

/** timm's file of an EfficientNet-B3. */
export const randomB3 = () => weightsFile("model.safetensors", shapesOfB3());

/** torchvision's ResNet-18, saved as safetensors. */
export const randomResNet18 = () => weightsFile("resnet18.safetensors", shapesOfResNet18());

function weightsFile(file, shapes) {
	const random = noise();
	const header = {};
	const parts = [];
	let end = 0;
	for (const [name, shape] of shapes) {
		const count = shape.reduce((product, side) => product * side, 1);
		const values = new Float32Array(count);
		if (shape.length === 4) {
			// Uniform numbers of this width keep the variance from layer to layer.
			const width = Math.sqrt(6 / (shape[1] * shape[2] * shape[3]));
			for (let i = 0; i < count; i++) values[i] = width * random.next().value;
		} else if (name.endsWith("running_var") || (name.endsWith(".weight") && shape.length === 1))
			values.fill(1);
		const bytes = Buffer.from(values.buffer);
		header[name] = { dtype: "F32", shape, data_offsets: [end, end + bytes.length] };
		end += bytes.length;
		parts.push(bytes);
	}
	const text = JSON.stringify({ __metadata__: { format: "pt" }, ...header });
	const size = Buffer.alloc(8);
	size.writeBigUInt64LE(BigInt(Buffer.byteLength(text)));
	return asFile(file, "application/octet-stream", Buffer.concat([size, Buffer.from(text), ...parts]));
}
