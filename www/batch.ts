// The outcome of a batch of photos, in counts and in a sentence.

export interface Batch {
	inspected: number;
	/** Photos that could not be inspected. */
	refused: number;
	/** Times that the inspection program stopped and was started anew. */
	restarts: number;
}

export function nothingDone(): Batch {
	return { inspected: 0, refused: 0, restarts: 0 };
}

function photos(count: number): string {
	return count === 1 ? "1 photo" : `${count} photos`;
}

/** The batch in a sentence. It is empty for a single photo, whose verdict says enough. */
export function summary(batch: Batch): string {
	const { restarts } = batch;
	const times = restarts > 1 ? ` ${restarts} times` : "";
	const restarted = restarts > 0 ? `The inspection program stopped and was started anew${times}.` : "";
	return [counts(batch), restarted].filter(Boolean).join(" ");
}

function counts({ inspected, refused }: Batch): string {
	if (inspected + refused < 2) return "";
	if (refused === 0) return `${photos(inspected)} inspected.`;
	if (inspected === 0) return `None of the ${photos(refused)} could be inspected.`;
	return `${photos(inspected)} inspected, ${refused} could not be.`;
}
