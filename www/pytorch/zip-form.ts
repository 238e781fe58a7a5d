// The form of checkpoints since PyTorch 1.6.
import { Uint8ArrayReader, Uint8ArrayWriter, ZipReader } from "@zip.js/zip.js";
import { mostBytes, mostOfPickle } from "./limits.js";
import type { Bytes, Content, Storage } from "./storage.js";
import { unpickler } from "./unpickling.js";
import { bigEndian, tooLarge, unreadable } from "./unusable.js";

/** What a zip begins with. */
const zipMagic = [0x50, 0x4b, 0x03, 0x04];

export function isZip(bytes: Uint8Array): boolean {
	return zipMagic.every((byte, index) => bytes[index] === byte);
}

/** Reads a zip of a pickle and of one file for each storage. */
export async function fromZip(bytes: Bytes): Promise<Content> {
	// The content policy does not let zip.js start workers from blobs.
	const options = { useWebWorkers: false };
	const entries = await new ZipReader(new Uint8ArrayReader(bytes), options).getEntries();
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
