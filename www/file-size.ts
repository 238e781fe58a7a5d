// The limit on the size of files. Reading a larger one would fill the memory before the engine could refuse it.
import { asMegabytes } from "./figures.js";

/** The error of a file that is larger than any photo or model. It comes each time. */
export class TooLarge extends Error {}

const largest = 512e6;

/** Passes on a file that is small enough, and throws `TooLarge` for another. */
export function ofUsableSize(file: File): File {
	if (file.size <= largest) return file;
	throw new TooLarge(
		`The file is ${asMegabytes(file.size)} large, and at most ${asMegabytes(largest)} can be read.`,
	);
}
