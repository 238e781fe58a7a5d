// What a measured row comes to: median and quartiles, speed, and the rate of its arithmetic.
import type { ContenderRun } from "../contract.js";
import { type Measured, total } from "./measurement.js";

export interface Summary {
	/** Milliseconds for one photo: the median and the quartiles on either side. */
	median: number;
	low: number;
	high: number;
	/** Medians of the steps, milliseconds. */
	backbone: number;
	method: number;
	photosPerSecond: number;
	/** Start of the program, opening of the device, and first photo, milliseconds. */
	cold: number;
	gigaMultiplyAdds: number;
	/** A multiply-add is two operations. */
	gigaflops: number;
}

/** A quartile by the nearest rank. NaN without a value. */
export function quartile(values: readonly number[], quarter: 1 | 2 | 3): number {
	const sorted = values.toSorted((a, b) => a - b);
	return sorted[Math.round((quarter / 4) * (sorted.length - 1))] ?? Number.NaN;
}

export function summaryOf({ cold, runs }: Measured): Summary {
	const of = (part: (run: ContenderRun) => number, quarter: 1 | 2 | 3 = 2) =>
		quartile(runs.map(part), quarter);
	const median = of(total);
	const gigaMultiplyAdds = (runs[0]?.multiply_adds ?? Number.NaN) / 1e9;
	return {
		median,
		low: of(total, 1),
		high: of(total, 3),
		backbone: of(({ backbone }) => backbone),
		method: of(({ method }) => method),
		photosPerSecond: 1000 / median,
		cold: cold.program + cold.device + cold.photo,
		gigaMultiplyAdds,
		gigaflops: (2000 * gigaMultiplyAdds) / median,
	};
}
