// Files beyond any photo or model: reading one fills the memory before the engine can refuse it.
import { asMegabytes } from "./figures.js";

/** A file is larger than any photo or model, and will be each time. */
export class TooLarge extends Error {}

const largest = 512e6;

/** The file itself, where it can be read. */
export function ofUsableSize(file: File): File {
	if (file.size <= largest) return file;
	throw new TooLarge(
		`The file is ${asMegabytes(file.size)} large, and at most ${asMegabytes(largest)} can be read.`,
	);
}
