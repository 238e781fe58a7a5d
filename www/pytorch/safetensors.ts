// Writes safetensors files.
import type { Bytes } from "./storage.js";

/** A tensor with its number format and its numbers in row-major order. */
export interface Floats {
	dtype: string;
	shape: number[];
	numbers: Bytes;
}

export function safetensorsOf(floats: Map<string, Floats>): Bytes {
	const header = new Map();
	let end = 0;
	for (const [name, { dtype, shape, numbers }] of floats) {
		header.set(name, { dtype, shape, data_offsets: [end, end + numbers.length] });
		end += numbers.length;
	}
	const text = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
	const whole = new Uint8Array(8 + text.length + end);
	new DataView(whole.buffer).setBigUint64(0, BigInt(text.length), true);
	whole.set(text, 8);
	let place = 8 + text.length;
	for (const { numbers } of floats.values()) {
		whole.set(numbers, place);
		place += numbers.length;
	}
	return whole;
}
