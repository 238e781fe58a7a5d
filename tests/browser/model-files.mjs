// The shipped model files, as they are and with other contents.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { category, publicFolder } from "./page.mjs";
import { asFile } from "./photos.mjs";

export function modelFile(name) {
	return asFile(name, "application/octet-stream", readFileSync(join(publicFolder, "models", name)));
}

/** The header of a safetensors file, and where its tensors begin. Read here without the page. */
function headerOf(buffer) {
	const length = Number(buffer.readBigUInt64LE(0));
	return { header: JSON.parse(buffer.subarray(8, 8 + length)), begin: 8 + length };
}

/** The description in a model file. */
export function description({ buffer }) {
	return JSON.parse(headerOf(buffer).header.__metadata__.cse);
}

/** The values of a tensor of 32-bit floats. */
export function tensor({ buffer }, name) {
	const { header, begin } = headerOf(buffer);
	const [from, to] = header[name].data_offsets;
	return Array.from({ length: (to - from) / 4 }, (_, i) => buffer.readFloatLE(begin + from + 4 * i));
}

/** A shipped model, or else the first one, with another description or other tensors. */
export function described(name, change, model = category.model) {
	const file = modelFile(model);
	const { header, begin } = headerOf(file.buffer);
	const { __metadata__, ...tensors } = header;
	for (const tensor of Object.values(tensors)) {
		const [from, to] = tensor.data_offsets;
		tensor.bytes = file.buffer.subarray(begin + from, begin + to);
	}
	const changed = description(file);
	change(changed, tensors);
	const head = { __metadata__: { cse: JSON.stringify(changed) } };
	let end = 0;
	// The format leaves no room between tensors.
	for (const [key, { bytes, ...tensor }] of Object.entries(tensors)) {
		head[key] = { ...tensor, data_offsets: [end, end + bytes.length] };
		end += bytes.length;
	}
	const text = JSON.stringify(head);
	const padded = Buffer.from(text + " ".repeat(7 - ((Buffer.byteLength(text) + 7) % 8)));
	const size = Buffer.alloc(8);
	size.writeBigUInt64LE(BigInt(padded.length));
	const parts = Object.values(tensors).map(({ bytes }) => bytes);
	return asFile(name, "application/octet-stream", Buffer.concat([size, padded, ...parts]));
}
