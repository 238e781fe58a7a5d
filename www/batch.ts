// How a batch of photos went.

export interface Batch {
	inspected: number;
	/** Could not be inspected. */
	refused: number;
}

function photos(count: number): string {
	return count === 1 ? "1 photo" : `${count} photos`;
}

/** In a sentence; a single photo has its verdict, which says it all. */
export function summary({ inspected, refused }: Batch): string {
	if (inspected + refused < 2) return "";
	if (refused === 0) return `${photos(inspected)} inspected.`;
	if (inspected === 0) return `None of the ${photos(refused)} could be inspected.`;
	return `${photos(inspected)} inspected, ${refused} could not be.`;
}
