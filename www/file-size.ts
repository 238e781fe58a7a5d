// Files beyond any photo or model: reading one fills the memory before the engine can refuse it.
import { asMegabytes } from "./figures.js";
import { FileFault } from "./photo-fault.js";

const largest = 512e6;

/** The file itself, where it can be read. */
export function ofUsableSize(file: File): File {
	if (file.size <= largest) return file;
	throw new FileFault(
		`The file is ${asMegabytes(file.size)} large, and at most ${asMegabytes(largest)} can be read.`,
	);
}
