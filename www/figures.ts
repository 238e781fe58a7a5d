// Writes figures in the form that they have everywhere on the page.

export function asScore(value: number): string {
	return value.toFixed(3);
}

export function asMilliseconds(value: number): string {
	if (value >= 10_000) return `${(value / 1000).toFixed(1)} s`;
	return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}

export function asPercent(fraction: number): string {
	const percent = 100 * fraction;
	return `${Number(percent.toFixed(percent < 10 ? 1 : 0))} %`;
}

export function asMegabytes(bytes: number): string {
	return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** The largest of any number of values. `Math.max` takes only some ten thousand arguments. */
export function largest(values: Iterable<number>): number {
	let most = Number.NEGATIVE_INFINITY;
	for (const value of values) if (value > most) most = value;
	return most;
}

/** Cuts a text of any length to `most` characters. */
export function shortened(text: string, most: number): string {
	return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
