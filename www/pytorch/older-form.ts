// The form of checkpoints before PyTorch 1.6.
import { BufferReader } from "pickleparser";
import { type Bytes, type Content, formats, otherSizes, Storage } from "./storage.js";
import { referredBy, unpickler } from "./unpickling.js";
import { bigEndian, unreadable } from "./unusable.js";

/** The number that the older form begins with, as the first pickle. It is too long for the unpickler. */
const magic = [0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e];

/** Where the magic number begins: after the protocol, and after the length of a frame from protocol 4 on. */
function magicPlace(bytes: Uint8Array): number | undefined {
	if (bytes[0] !== 0x80) return undefined;
	return [2, 11].find((place) => magic.every((byte, index) => bytes[place + index] === byte));
}

/** Tells by the first bytes whether a file has this form. */
export function isOlder(bytes: Uint8Array): boolean {
	return magicPlace(bytes) !== undefined;
}

/** Reads pickles, and after them each storage with the count of its numbers. */
export function fromPickles(bytes: Bytes): Content {
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
