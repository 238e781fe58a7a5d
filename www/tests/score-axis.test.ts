import { describe, expect, test } from "vitest";
import { ScoreAxis } from "../score-axis.js";

describe("the axis of scores", () => {
	test("begins at 0 and ends at the next round figure", () => {
		const axis = new ScoreAxis(1, 31);
		expect(axis.at(0)).toBe(0);
		expect(axis.score(1)).toBe(40);
		expect(axis.at(40)).toBe(1);
	});

	test("leads from a score to its place and back", () => {
		const axis = new ScoreAxis(0.8, 25);
		for (const score of [0.01, 0.4, 0.8, 3, 24]) expect(axis.score(axis.at(score))).toBeCloseTo(score, 9);
	});

	test("is a symlog scale with the model's threshold as its unit", () => {
		// numpy: log1p([1, 3, 7]) / log1p(7)
		const axis = new ScoreAxis(1, 7);
		expect(axis.score(1)).toBe(7.5);
		const end = Math.log(8.5);
		expect(axis.at(1)).toBeCloseTo(Math.LN2 / end, 12);
		expect(axis.at(3)).toBeCloseTo((2 * Math.LN2) / end, 12);
		expect(axis.at(7)).toBeCloseTo((3 * Math.LN2) / end, 12);
	});

	test("moves the threshold by under 1 % a step of the slider, beside a score thirty times as high", () => {
		const axis = new ScoreAxis(1, 30);
		const next = axis.score(axis.at(1) + 0.001);
		expect(next).toBeGreaterThan(1);
		expect(next).toBeLessThan(1.01);
	});

	test("keeps scores beyond its ends at its ends", () => {
		const axis = new ScoreAxis(1, 10);
		expect(axis.at(-3)).toBe(0);
		expect(axis.at(1e6)).toBe(1);
	});

	test("marks both ends, with room between the figures", () => {
		const axis = new ScoreAxis(1, 30);
		const places = axis.ticks(0.09).map((score) => axis.at(score));
		places.sort((a, b) => a - b);
		expect(places[0]).toBe(0);
		expect(places.at(-1)).toBe(1);
		expect(places.length).toBeGreaterThan(4);
		for (const [i, place] of places.entries()) {
			if (i > 0) expect(place - (places[i - 1] ?? 0)).toBeGreaterThanOrEqual(0.09);
		}
	});

	test("marks figures as people write them", () => {
		for (const score of new ScoreAxis(0.02, 0.3).ticks(0.09)) expect(String(score).length).toBeLessThan(6);
	});
});
