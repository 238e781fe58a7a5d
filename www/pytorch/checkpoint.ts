// Reads the tensors of a PyTorch checkpoint, and writes them as a safetensors file.
import { mostBytes } from "./limits.js";
import { fromPickles, isOlder } from "./older-form.js";
import { type Floats, safetensorsOf } from "./safetensors.js";
import { type Bytes, type Content, formats } from "./storage.js";
import { isSound, rowMajor } from "./tensor.js";
import { tensorsIn } from "./unpickling.js";
import { tooLarge, Unusable, unreadable } from "./unusable.js";
import { fromZip, isZip } from "./zip-form.js";

/** Bytes at the beginning of a file that `isCheckpoint` looks at. */
export const beginning = 64;

/** Tells by the first bytes whether a file is a checkpoint as `torch.save` writes it, in its present or its older form. */
export function isCheckpoint(bytes: Uint8Array): boolean {
	return isZip(bytes) || isOlder(bytes);
}

/**
 * Makes a safetensors file of the floats in a checkpoint. Keys of nested dictionaries are joined with dots, as in
 * `state_dict.conv_stem.weight`. Integers and single numbers, such as BatchNorm's counters and a best loss, are left out.
 * Throws an error whose sentence says what is wrong with the file, and what to do.
 */
export async function asSafetensors(bytes: Bytes): Promise<Bytes> {
	try {
		const content = isZip(bytes) ? await fromZip(bytes) : fromPickles(bytes);
		return safetensorsOf(await floatsIn(content));
	} catch (cause) {
		throw cause instanceof Unusable
			? cause
			: unreadable(cause instanceof Error ? cause.message : `${cause}`, cause);
	}
}

async function floatsIn({ object, bytesOf }: Content): Promise<Map<string, Floats>> {
	const floats = new Map<string, Floats>();
	const storages = new Map<string, Bytes>();
	let total = 0;
	for (const [name, tensor] of tensorsIn(object)) {
		if (!isSound(tensor)) throw unreadable(`${name} is no tensor`);
		const { shape, storage } = tensor;
		const format = formats.get(storage.type);
		if (!format || shape.length === 0) continue;
		const { dtype, size } = format;
		// A view with stride 0 has more numbers than the file.
		total += shape.reduce((product, side) => product * side, size);
		if (total > mostBytes) throw tooLarge();
		const whole = storages.get(storage.key) ?? (await bytesOf(storage));
		storages.set(storage.key, whole);
		const numbers = rowMajor(tensor, whole, size);
		floats.set(
			name,
			dtype === "F64" ? { dtype: "F32", shape, numbers: narrowed(numbers) } : { dtype, shape, numbers },
		);
	}
	return floats;
}

/** f32 numbers of f64 ones, which safetensors files of weights do not have. */
function narrowed(bytes: Bytes): Bytes {
	return new Uint8Array(Float32Array.from(new Float64Array(bytes.slice().buffer)).buffer);
}
