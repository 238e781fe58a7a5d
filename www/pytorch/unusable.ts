// Why a checkpoint cannot be used, in sentences that say what to do.

/** The error of a file that cannot be used, with a sentence that says what to do. */
export class Unusable extends Error {}

export function unreadable(what: string, cause?: unknown): Unusable {
	return new Unusable(
		`this PyTorch checkpoint cannot be read (${what}). Copy or download it again. If it is whole, the command “native-train weights import” may read it.`,
		{ cause },
	);
}

export function tooLarge(): Unusable {
	return new Unusable(
		"it holds more than any weights that can be imported: check that it is the right file.",
	);
}

export function bigEndian(): Unusable {
	return new Unusable(
		"its numbers are in the byte order of a big-endian machine: save it again on another machine.",
	);
}
