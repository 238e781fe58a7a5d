import { expect, test } from "vitest";
import { coarse, isPartial, peakOf, valueAt } from "../anomaly-map.js";

const map = { values: Float32Array.of(0, 1, 2, Number.NaN, 7, 3), width: 3, height: 2 };

test("the strongest place is the middle of its value's cell", () => {
	expect(peakOf(map)).toEqual({ value: 7, x: 0.5, y: 0.75 });
	expect(peakOf({ values: Float32Array.of(Number.NaN), width: 1, height: 1 })).toBeUndefined();
});

test("a place is read in fractions of the photo, up to its edges", () => {
	expect(valueAt(map, 0, 0)).toBe(0);
	expect(valueAt(map, 1, 1)).toBe(3);
	expect(valueAt(map, 0.1, 0.9)).toBeNaN();
});

test("a map with a place that was not inspected is partial", () => {
	expect(isPartial(map)).toBe(true);
	expect(isPartial({ ...map, values: new Float32Array(6) })).toBe(false);
});

test("a coarse map keeps the strongest value of each block, also beside what was not inspected", () => {
	const values = new Float32Array(10 * 5);
	values[0] = Number.NaN;
	values[13] = 4;
	values[49] = 9;
	expect(coarse({ values, width: 10, height: 5 })).toEqual({
		values: Float32Array.of(4, 0, 0, 0, 0, 9),
		width: 3,
		height: 2,
	});
});
