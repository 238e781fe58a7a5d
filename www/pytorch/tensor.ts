// Tensors: views of a storage.
import { type Bytes, Storage } from "./storage.js";
import { unreadable } from "./unusable.js";

export class Tensor {
	constructor(
		readonly storage: Storage,
		readonly offset: number,
		readonly shape: number[],
		readonly strides: number[],
	) {}
}

export function isCount(value: unknown): value is number {
	return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** True where a pickle has filled every field with what belongs there. */
export function isSound({ offset, shape, strides, storage }: Tensor): boolean {
	return (
		storage instanceof Storage &&
		[offset, ...(Array.isArray(shape) ? shape : [-1])].every(isCount) &&
		Array.isArray(strides) &&
		strides.length === shape.length &&
		strides.every(isCount) &&
		isCount(shape.reduce((product, side) => product * side, 1))
	);
}

/** The tensor's numbers in row-major order, in the number format of its storage. */
export function rowMajor(tensor: Tensor, storage: Bytes, size: number): Bytes {
	const { offset, shape, strides } = tensor;
	const count = shape.reduce((product, side) => product * side, 1);
	const last = shape.reduce((place, side, axis) => place + (side - 1) * (strides[axis] ?? 0), offset);
	if (count > 0 && (last + 1) * size > storage.length)
		throw unreadable("a tensor reaches beyond its storage");
	let step = 1;
	let inOrder = true;
	for (let axis = shape.length - 1; axis >= 0; axis--) {
		inOrder &&= shape[axis] === 1 || strides[axis] === step;
		step *= shape[axis] ?? 1;
	}
	if (inOrder) return storage.subarray(offset * size, (offset + count) * size);
	const out = new Uint8Array(count * size);
	const at = shape.map(() => 0);
	let place = offset;
	for (let index = 0; index < count; index++) {
		for (let byte = 0; byte < size; byte++) out[index * size + byte] = storage[place * size + byte] ?? 0;
		for (let axis = shape.length - 1; axis >= 0; axis--) {
			const [side, stride] = [shape[axis] ?? 1, strides[axis] ?? 0];
			at[axis] = (at[axis] ?? 0) + 1;
			place += stride;
			if (at[axis] !== side) break;
			at[axis] = 0;
			place -= stride * side;
		}
	}
	return out;
}
