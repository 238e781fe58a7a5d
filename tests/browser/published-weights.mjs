// Random weights in the files that timm and torchvision publish: names, shapes and format are theirs.
import { Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } from "@zip.js/zip.js";
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

/** Tensors with random numbers that keep the variance from layer to layer. */
function* tensors(shapes) {
	const random = noise();
	for (const [name, shape] of shapes) {
		const values = new Float32Array(shape.reduce((product, side) => product * side, 1));
		if (shape.length === 4) {
			const width = Math.sqrt(6 / (shape[1] * shape[2] * shape[3]));
			for (let i = 0; i < values.length; i++) values[i] = width * random.next().value;
		} else if (name.endsWith("running_var") || (name.endsWith(".weight") && shape.length === 1))
			values.fill(1);
		yield { name, shape, bytes: Buffer.from(values.buffer) };
	}
}

/** timm's file of an EfficientNet-B3. */
export function randomB3() {
	const header = {};
	const parts = [];
	let end = 0;
	for (const { name, shape, bytes } of tensors(shapesOfB3())) {
		header[name] = { dtype: "F32", shape, data_offsets: [end, end + bytes.length] };
		end += bytes.length;
		parts.push(bytes);
	}
	const text = JSON.stringify({ __metadata__: { format: "pt" }, ...header });
	const size = Buffer.alloc(8);
	size.writeBigUInt64LE(BigInt(Buffer.byteLength(text)));
	const whole = Buffer.concat([size, Buffer.from(text), ...parts]);
	return asFile("model.safetensors", "application/octet-stream", whole);
}

/** torchvision's file of a ResNet-18, in the form that `torch.save` writes: a zip of a pickle and the storages. */
export async function randomResNet18() {
	const zip = new ZipWriter(new Uint8ArrayWriter(), { level: 0, useWebWorkers: false });
	const items = [];
	for (const { name, shape, bytes } of tensors(shapesOfResNet18())) {
		const key = String(items.length);
		await zip.add(`resnet18/data/${key}`, new Uint8ArrayReader(bytes));
		items.push(text(name), pickledTensor(key, shape));
	}
	const pickle = Buffer.concat([
		Buffer.from("\x80\x02", "latin1"),
		dictionary,
		ascii("("),
		...items,
		ascii("u."),
	]);
	await zip.add("resnet18/data.pkl", new Uint8ArrayReader(pickle));
	await zip.add("resnet18/byteorder", new Uint8ArrayReader(ascii("little")));
	await zip.add("resnet18/version", new Uint8ArrayReader(ascii("3\n")));
	return asFile("resnet18.pth", "application/octet-stream", Buffer.from(await zip.close()));
}

// Opcodes of Python's pickle, protocol 2.
const ascii = (code) => Buffer.from(code, "latin1");
const dictionary = ascii("ccollections\nOrderedDict\n)R");

function sized(opcode, value) {
	const code = Buffer.alloc(5);
	code.write(opcode, "latin1");
	code.writeUInt32LE(value, 1);
	return code;
}

const integer = (value) => sized("J", value);
const text = (words) => Buffer.concat([sized("X", words.length), ascii(words)]);
const tuple = (...items) => Buffer.concat([ascii("("), ...items, ascii("t")]);

function pickledTensor(key, shape) {
	const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, side) => product * side, 1));
	const count = shape.reduce((product, side) => product * side, 1);
	const storage = tuple(
		text("storage"),
		ascii("ctorch\nFloatStorage\n"),
		text(key),
		text("cpu"),
		integer(count),
	);
	const sides = (numbers) => tuple(...numbers.map(integer));
	const given = tuple(
		storage,
		ascii("Q"),
		integer(0),
		sides(shape),
		sides(strides),
		ascii("\x89"),
		dictionary,
	);
	return Buffer.concat([ascii("ctorch._utils\n_rebuild_tensor_v2\n"), given, ascii("R")]);
}
