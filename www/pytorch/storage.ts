// Storages: the bytes that tensors are views of.

export type Bytes = Uint8Array<ArrayBuffer>;

/** Number formats of torch's storages that weights have, with those of safetensors. Integers are counters, and left out. */
export const formats = new Map([
	["FloatStorage", { dtype: "F32", size: 4 }],
	["DoubleStorage", { dtype: "F64", size: 8 }],
	["HalfStorage", { dtype: "F16", size: 2 }],
	["BFloat16Storage", { dtype: "BF16", size: 2 }],
]);

/** Bytes of a number in torch's other storages, which the older form has between those of weights. */
export const otherSizes = new Map(
	Object.entries({
		LongStorage: 8,
		IntStorage: 4,
		ShortStorage: 2,
		CharStorage: 1,
		ByteStorage: 1,
		BoolStorage: 1,
		ComplexFloatStorage: 8,
		ComplexDoubleStorage: 16,
		QInt8Storage: 1,
		QUInt8Storage: 1,
		QInt32Storage: 4,
	}),
);

export class Storage {
	constructor(
		readonly type: string,
		readonly key: string,
		readonly length: number,
	) {}
}

/** What a checkpoint holds: the unpickled object, and the bytes of a storage. */
export interface Content {
	object: unknown;
	bytesOf: (storage: Storage) => Promise<Bytes>;
}
