// The colours of the anomaly map: dark violet over red to pale yellow, readable without telling red from green.

type Colour = readonly [number, number, number];

const stops: readonly Colour[] = [
	[20, 8, 50],
	[87, 16, 110],
	[188, 55, 84],
	[249, 142, 9],
	[252, 255, 164],
];

/** Red, green, blue and alpha for 0 to 1. Low values are clear, so that the photo shows through. */
export function colourAt(t: number): [number, number, number, number] {
	const clamped = Math.min(1, Math.max(0, t));
	const place = clamped * (stops.length - 1);
	const below = Math.min(stops.length - 2, Math.floor(place));
	const low = stops[below] as Colour;
	const high = stops[below + 1] as Colour;
	const mix = (i: 0 | 1 | 2) => Math.round(low[i] + (high[i] - low[i]) * (place - below));
	const alpha = Math.min(1, clamped / 0.6);
	return [mix(0), mix(1), mix(2), Math.round(255 * alpha * alpha * (3 - 2 * alpha))];
}

const steps = 256;

/** A table of the colours. A map has far more pixels than the eye can tell shades apart. */
export const colourTable: Uint8ClampedArray = (() => {
	const table = new Uint8ClampedArray(steps * 4);
	for (let i = 0; i < steps; i++) table.set(colourAt(i / (steps - 1)), i * 4);
	return table;
})();

export function colourIndex(value: number, scale: { low: number; high: number }): number {
	const t = (value - scale.low) / (scale.high - scale.low);
	return Math.min(steps - 1, Math.max(0, Math.round(t * (steps - 1))));
}
