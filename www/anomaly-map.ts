// An anomaly map: its values over the photo, and its strongest place.

export interface AnomalyMap {
	/** Row by row over the whole photo; NaN where the view did not look. */
	values: Float32Array;
	width: number;
	height: number;
}

export interface Scale {
	low: number;
	high: number;
}

export interface Peak {
	value: number;
	/** Fractions of the photo's width and height. */
	x: number;
	y: number;
}

export function isPartial({ values }: AnomalyMap): boolean {
	return values.some(Number.isNaN);
}

export function peakOf({ values, width, height }: AnomalyMap): Peak | undefined {
	let best = -1;
	for (let i = 0; i < values.length; i++) {
		if ((values[i] ?? Number.NaN) > (best < 0 ? Number.NEGATIVE_INFINITY : (values[best] ?? 0))) best = i;
	}
	if (best < 0) return undefined;
	return {
		value: values[best] ?? 0,
		x: ((best % width) + 0.5) / width,
		y: (Math.floor(best / width) + 0.5) / height,
	};
}

/** Side of the block of values that becomes one value of a coarse map. */
const block = 4;

/** A sixteenth of the map, with the strongest value of each block, so that no defect is lost. */
export function coarse({ values, width, height }: AnomalyMap): AnomalyMap {
	const small = { width: Math.ceil(width / block), height: Math.ceil(height / block) };
	const kept = new Float32Array(small.width * small.height).fill(Number.NaN);
	for (let i = 0; i < values.length; i++) {
		const value = values[i] ?? Number.NaN;
		const column = Math.floor((i % width) / block);
		const at = Math.floor(i / width / block) * small.width + column;
		if (!(value <= (kept[at] ?? Number.NaN)) && !Number.isNaN(value)) kept[at] = value;
	}
	return { values: kept, ...small };
}

/** The map's value at a place given in fractions of the photo; NaN where nothing was inspected. */
export function valueAt({ values, width, height }: AnomalyMap, x: number, y: number): number {
	const column = Math.min(width - 1, Math.max(0, Math.floor(x * width)));
	const row = Math.min(height - 1, Math.max(0, Math.floor(y * height)));
	return values[row * width + column] ?? Number.NaN;
}
