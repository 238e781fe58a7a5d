import { describe, expect, test, vi } from "vitest";
import { json, markdown } from "../comparison/exports.js";
import type { Measured } from "../comparison/measurement.js";
import { type Environment, Results, type Row } from "../comparison/results.js";
import { quartile, summaryOf } from "../comparison/summary.js";

vi.mock("virtual:shipped-files", () => ({ default: {} }));

const contender = { id: "stfpm", method: "STFPM", backbone: "ResNet-18", paper: undefined };
const run = (backbone: number, method: number) => ({ input: 1, backbone, method, multiply_adds: 2e9 });
const measured: Measured = {
	contender,
	device: { route: "cpu", name: "CPU", software: false },
	weight: { parameters: 5_561_088, stored: 0 },
	cold: { program: 10, device: 5, photo: 285 },
	runs: [run(60, 39), run(160, 39), run(100, 99), run(70, 29), run(50, 49)],
};
const rows: Row[] = [
	{ contender: { id: "cse-b3", method: "CSE", backbone: "EfficientNet-B3", paper: 18 }, results: [] },
	{
		contender,
		results: [
			["cpu", measured],
			["webgpu", "The GPU failed."],
		],
	},
];
const about: Environment = [["browser", "A browser 1"]];

describe("a summary", () => {
	test("has quartiles by the nearest rank", () => {
		expect([1, 2, 3].map((quarter) => quartile([5, 1, 4, 2, 3], quarter as 1 | 2 | 3))).toEqual([2, 3, 4]);
		expect(quartile([], 2)).toBeNaN();
	});

	test("is of whole photos, of the steps, and of the arithmetic", () => {
		expect(summaryOf(measured)).toMatchObject({
			// Of 100, 200, 200, 100 and 100 milliseconds.
			median: 100,
			low: 100,
			high: 200,
			backbone: 70,
			method: 39,
			photosPerSecond: 10,
			cold: 300,
			gigaMultiplyAdds: 2,
			// Twice 2 G multiply-adds in 0.1 s.
			gigaflops: 40,
		});
	});
});

test("Markdown has the paper's figures and those measured, and no failed route", () => {
	expect(markdown(rows, about).split("\n")).toEqual([
		"- browser: A browser 1",
		"",
		"| Method | Backbone | On | One photo | Middle half | Photos/s | In backbone | In method | Cold | GFLOP/s | Weighs |",
		"| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
		"| CSE | EfficientNet-B3 | Paper, RTX 3090 Ti | 18 ms |  |  |  |  |  |  |  |",
		"| STFPM | ResNet-18 | CPU (wasm) | 100 ms | 100 ms to 200 ms | 10 | 70 ms | 39 ms | 300 ms | 40 | 5.6 M weights, 2.00 G multiply-adds |",
		"",
	]);
});

test("rates of a fast machine are no powers of ten", () => {
	const fast = { ...measured, runs: [{ input: 0, backbone: 4, method: 2.5, multiply_adds: 4e9 }] };
	const text = markdown([{ contender, results: [["cpu", fast]] }], about);
	// 154 photos, and 1,231 GFLOP/s.
	expect(text).toContain("| 150 |");
	expect(text).toContain("| 1200 |");
});

test("what was measured stays when something fails later", () => {
	const results = new Results();
	results.fail(contender, "webgpu", "The GPU failed.");
	results.set(contender, "cpu", measured);
	results.fail(contender, "cpu", "The worker ended.");
	const [row] = results.rows([contender]);
	expect(row?.results).toEqual([
		["webgpu", "The GPU failed."],
		["cpu", { ...measured, problem: "The worker ended." }],
	]);
});

test("JSON has every run", () => {
	const { environment, rows: told } = JSON.parse(json(rows, about));
	expect(environment).toEqual({ browser: "A browser 1" });
	expect(told).toHaveLength(1);
	expect(told[0]).toMatchObject({ row: "stfpm", route: "cpu", parameters: 5_561_088, multiply_adds: 2e9 });
	expect(told[0].runs).toHaveLength(5);
	expect(told[0].runs[0]).toEqual({ input: 1, backbone: 60, method: 39 });
});
