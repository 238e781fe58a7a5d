// Reads the tensors of a PyTorch checkpoint, and writes them as a safetensors file. The pickle in it runs no code: the few
// names of torch that describe tensors have functions here, and every other name stands for nothing.
import { BlobReader, Uint8ArrayWriter, ZipReader } from "@zip.js/zip.js";
import { BufferReader, Parser } from "pickleparser";

type Bytes = Uint8Array<ArrayBuffer>;

/** Number formats of torch's storages that weights have, with those of safetensors. Integers are counters, and left out. */
const formats = new Map([
	["FloatStorage", { dtype: "F32", size: 4 }],
	["DoubleStorage", { dtype: "F64", size: 8 }],
	["HalfStorage", { dtype: "F16", size: 2 }],
	["BFloat16Storage", { dtype: "BF16", size: 2 }],
]);

/** Bytes of a number in torch's other storages, which the older form has between those of weights. */
const otherSizes = new Map(
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

/** All tensors together, bytes: more than any weights that can be imported, with their optimizer's state. */
const mostBytes = 2 ** 30;

/** The pickle, bytes. That of a large network has less than 1 MB. */
const mostOfPickle = 2 ** 26;

/** Entries of all dictionaries. A dictionary may be in many others, and in itself. */
const mostEntries = 100_000;

class Storage {
	constructor(
		readonly type: string,
		readonly key: string,
		readonly length: number,
	) {}
}

class Tensor {
	constructor(
		readonly storage: Storage,
		readonly offset: number,
		readonly shape: number[],
		readonly strides: number[],
	) {}
}

/** The error of a file that cannot be used, with a sentence that says what to do. */
class Unusable extends Error {}

function unreadable(what: string, cause?: unknown): Unusable {
	return new Unusable(
		`this PyTorch checkpoint cannot be read (${what}). Copy or download it again. If it is whole, the command “native-train weights import” may read it.`,
		{ cause },
	);
}

function tooLarge(): Unusable {
	return new Unusable("it has more than 1 GiB of tensors, more than any weights that can be imported.");
}

function bigEndian(): Unusable {
	return new Unusable(
		"its numbers are in the byte order of a big-endian machine: save it again on another machine.",
	);
}

/** A function or class that a checkpoint names. */
type Named = ((...given: never[]) => unknown) & { storageType?: string };

/** What stands for an object of another class: it takes all that a pickle puts into it. Its own entries may be tensors. */
class Other extends Map<unknown, unknown> {
	push(): void {}
	__setstate__(state: unknown): void {
		if (state instanceof Map) for (const [key, value] of state) this.set(key, value);
	}
}

/** torch's functions that make a tensor of a storage. The arguments after these four are not needed. */
const rebuilders = new Set(["_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3"]);
/** torch's functions whose first argument is the tensor. */
const wrappers = new Set(["_rebuild_parameter", "_rebuild_parameter_with_state"]);

function named(module: string, name: string): Named {
	if (module === "collections" && name === "OrderedDict") return () => new Map();
	if (module === "torch._utils" && rebuilders.has(name))
		return (storage: Storage, offset: number, shape: number[], strides: number[]) =>
			new Tensor(storage, offset, shape, strides);
	if (module === "torch._utils" && wrappers.has(name)) return (tensor: unknown) => tensor;
	if (module === "torch._tensor" && name === "_rebuild_from_type_v2")
		return (make: Named, _type: unknown, given: never[]) => make(...given);
	// No arrow, because pickles call it with and without `new`.
	function other(): Other {
		return new Other();
	}
	return module === "torch" ? Object.assign(other, { storageType: name }) : other;
}

function storageOf(id: unknown): Storage {
	const [kind, type, key, , length] = Array.isArray(id) ? id : [];
	if (kind !== "storage" || typeof type !== "function" || typeof key !== "string" || !isCount(length))
		throw unreadable("a tensor has no storage");
	return new Storage((type as Named).storageType ?? "", key, length);
}

/** What a persistent id stands for: a storage, or in the older form the class of a network that was saved whole. */
function referredBy(id: unknown): unknown {
	return Array.isArray(id) && id[0] === "module" ? id[1] : storageOf(id);
}

function unpickler(resolve = referredBy): Parser {
	// A map, because a dictionary may have any key: "__proto__" too.
	return new Parser({
		nameResolver: { resolve: named },
		persistentResolver: { resolve },
		unpicklingTypeOfDictionary: "Map",
	});
}

function isCount(value: unknown): value is number {
	return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Fields of a pickled network that its state dict does not have in the names. */
const moduleFields = new Set(["_modules", "_parameters", "_buffers"]);

/** All tensors in dictionaries and in the networks that were saved whole, with the names of a state dict. */
function* tensorsIn(object: unknown): Generator<[string, Tensor]> {
	let visited = 0;
	function* within(value: unknown, name: string): Generator<[string, Tensor]> {
		if (value instanceof Tensor) yield [name, value];
		if (!(value instanceof Map)) return;
		for (const [key, inner] of value) {
			visited += 1;
			if (visited > mostEntries) throw unreadable("it has too many entries");
			const isField = value instanceof Other && moduleFields.has(key);
			yield* within(inner, isField ? name : name ? `${name}.${key}` : `${key}`);
		}
	}
	yield* within(object, "");
}

/** What a checkpoint holds: the unpickled object, and the bytes of a storage. */
interface Content {
	object: unknown;
	bytesOf: (storage: Storage) => Promise<Bytes>;
}

/** Reads the form of PyTorch 1.6 and later: a zip of a pickle and of one file for each storage. */
async function fromZip(bytes: Bytes): Promise<Content> {
	// Workers of its own would need a content policy that lets blobs run.
	const options = { useWebWorkers: false };
	const entries = await new ZipReader(new BlobReader(new Blob([bytes])), options).getEntries();
	let inflated = 0;
	const read = async (path: string, most = mostBytes): Promise<Bytes | undefined> => {
		const entry = entries.find(({ filename }) => filename === path);
		if (!entry || entry.directory) return undefined;
		// zip.js holds an entry to the size that it states.
		inflated += entry.uncompressedSize;
		if (entry.uncompressedSize > most || inflated > mostBytes + mostOfPickle) throw tooLarge();
		// torch.save writes 0 where it was told to compute no CRC-32.
		const checkSignature = entry.signature !== 0;
		return (await entry.getData(new Uint8ArrayWriter(), { ...options, checkSignature })) as Bytes;
	};
	const pickle = entries.find(({ filename }) => filename.endsWith("data.pkl"));
	if (!pickle) throw unreadable("it is a zip without data.pkl");
	const folder = pickle.filename.slice(0, -"data.pkl".length);
	const order = await read(`${folder}byteorder`);
	if (order && new TextDecoder().decode(order).trim() !== "little") throw bigEndian();
	const object = unpickler().parse((await read(pickle.filename, mostOfPickle)) ?? new Uint8Array());
	const bytesOf = async ({ key }: Storage) => {
		const found = await read(`${folder}data/${key}`);
		if (!found) throw unreadable(`it has no data/${key}`);
		return found;
	};
	return { object, bytesOf };
}

/** The number that the older form begins with, as the first pickle. It is too long for the unpickler. */
const magic = [0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e];

/** Reads the form before PyTorch 1.6: pickles, and after them each storage with the count of its numbers. */
function fromPickles(bytes: Bytes): Content {
	const place = magicPlace(bytes);
	if (place === undefined) throw unreadable("it begins with another pickle than torch.save writes");
	const reader = new BufferReader(bytes);
	reader.skip(place + magic.length);
	const storages = new Map<string, Storage>();
	const parser = unpickler((id) => {
		const referred = referredBy(id);
		if (referred instanceof Storage) storages.set(referred.key, referred);
		return referred;
	});
	parser.read(reader);
	const system = parser.read(reader);
	if (system instanceof Map && system.get("little_endian") === false) throw bigEndian();
	const object = parser.read(reader);
	const keys: unknown = parser.read(reader);
	if (!Array.isArray(keys)) throw unreadable("it does not list its storages");
	const places = new Map<string, Bytes>();
	for (const key of keys) {
		const storage = storages.get(key);
		const size = storage && (formats.get(storage.type)?.size ?? otherSizes.get(storage.type));
		if (!storage || !size) throw unreadable(`the type of storage ${key} is unknown`);
		if (reader.uint64() !== storage.length)
			throw unreadable(`storage ${key} has another length than its tensors`);
		places.set(key, reader.bytes(storage.length * size) as Bytes);
	}
	const bytesOf = async ({ key }: Storage) => {
		const found = places.get(key);
		if (!found) throw unreadable(`storage ${key} is missing`);
		return found;
	};
	return { object, bytesOf };
}

/** The tensor's numbers in row-major order, in the number format of its storage. */
function rowMajor(tensor: Tensor, storage: Bytes, size: number): Bytes {
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

function isSound({ offset, shape, strides, storage }: Tensor): boolean {
	return (
		storage instanceof Storage &&
		[offset, ...(Array.isArray(shape) ? shape : [-1])].every(isCount) &&
		Array.isArray(strides) &&
		strides.length === shape.length &&
		strides.every(isCount) &&
		isCount(shape.reduce((product, side) => product * side, 1))
	);
}

/** f32 numbers of f64 ones, which safetensors files of weights do not have. */
function narrowed(bytes: Bytes): Bytes {
	return new Uint8Array(Float32Array.from(new Float64Array(bytes.slice().buffer)).buffer);
}

/** What a zip begins with. */
const zipMagic = [0x50, 0x4b, 0x03, 0x04];

function isZip(bytes: Uint8Array): boolean {
	return zipMagic.every((byte, index) => bytes[index] === byte);
}

/** Where the magic number begins: after the protocol, and after the length of a frame from protocol 4 on. */
function magicPlace(bytes: Uint8Array): number | undefined {
	if (bytes[0] !== 0x80) return undefined;
	return [2, 11].find((place) => magic.every((byte, index) => bytes[place + index] === byte));
}

/** Tells by the first bytes whether a file is a checkpoint as `torch.save` writes it, in its present or its older form. */
export function isCheckpoint(bytes: Uint8Array): boolean {
	return isZip(bytes) || magicPlace(bytes) !== undefined;
}

/**
 * Makes a safetensors file of the floats in a checkpoint. Keys of nested dictionaries are joined with dots, as in
 * `state_dict.conv_stem.weight`. Integers and single numbers, such as BatchNorm's counters and a best loss, are left out. Throws an error whose sentence says
 * what is wrong with the file, and what to do.
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

interface Floats {
	dtype: string;
	shape: number[];
	numbers: Bytes;
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

function safetensorsOf(floats: Map<string, Floats>): Bytes {
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
