import { expect, test } from "vitest";
import type { Inspected } from "../contract.js";
import { nothingLoaded } from "../load-times.js";
import { type Outcome, Outcomes, type Result, resultIn, resultOf } from "../outcomes.js";
import { photoFrom } from "../photos.js";

const photo = () => photoFrom("a.jpg", async () => new Blob());

/** A result whose map has 4 x 4 values, which are 64 bytes. */
function result(strongest = 1): Result {
	const values = new Float32Array(16);
	values[5] = strongest;
	const inspection = { score: strongest, width: 4, height: 4, notes: [] };
	const device = { route: "cpu", name: "CPU", software: false };
	return {
		inspection,
		map: { values, width: 4, height: 4 },
		device,
		load: nothingLoaded(),
	} as unknown as Result;
}

function errorIn(outcome: Outcome | undefined): string | undefined {
	return outcome && "error" in outcome ? outcome.error : undefined;
}

test("an outcome holds for the model and the route that it was found with", () => {
	const [outcomes, one] = [new Outcomes(), photo()];
	outcomes.keep(one, "cpu cloth", result(3));
	expect(resultIn(outcomes.get(one, "cpu cloth"))?.inspection.score).toBe(3);
	expect(outcomes.get(one, "webgpu cloth")).toBeUndefined();
	expect(outcomes.get(one, "cpu cork")).toBeUndefined();
});

test("a photo's own error holds with every model, and takes no known score away", () => {
	const [outcomes, one] = [new Outcomes(), photo()];
	outcomes.keep(one, "cpu cloth", result(3));
	outcomes.refuse(one, "It is cut short.");
	expect(errorIn(outcomes.get(one, "cpu cork"))).toBe("It is cut short.");
	expect(resultIn(outcomes.get(one, "cpu cloth"))?.inspection.score).toBe(3);
});

test("an error that may pass holds until the photo is tried again, and replaces no result", () => {
	const [outcomes, one] = [new Outcomes(), photo()];
	outcomes.fail(one, "cpu cloth", "There is too little memory.");
	expect(errorIn(outcomes.get(one, "cpu cloth"))).toBe("There is too little memory.");
	outcomes.tryAgain(one);
	expect(outcomes.get(one, "cpu cloth")).toBeUndefined();
	outcomes.keep(one, "cpu cloth", result());
	outcomes.fail(one, "cpu cloth", "There is too little memory.");
	expect(resultIn(outcomes.get(one, "cpu cloth"))).toBeDefined();
});

test("where the room ends, the oldest maps become coarse and keep their strongest value", () => {
	const outcomes = new Outcomes(128);
	const photos = [photo(), photo(), photo()];
	const results = photos.map((one, i) => {
		const made = result(i + 5);
		outcomes.keep(one, "cpu cloth", made);
		return made;
	});
	expect(results.map(({ map }) => map.width)).toEqual([1, 4, 4]);
	expect(results[0]?.map.values).toEqual(Float32Array.of(5));
});

test("a photo that is forgotten gives its room to the next one", () => {
	const outcomes = new Outcomes(64);
	const [first, second] = [photo(), photo()];
	outcomes.keep(first, "cpu cloth", result());
	outcomes.forget(first);
	const kept = result();
	outcomes.keep(second, "cpu cloth", kept);
	expect(kept.map.width).toBe(4);
	expect(outcomes.get(first, "cpu cloth")).toBeUndefined();
});

test("what was loaded before a photo's turn counts for it, unless its worker began anew", () => {
	const inspected = (wasm: number) =>
		({
			inspection: { map: new Float32Array(1), map_width: 1, map_height: 1 },
			load: { wasm, device: 2, extractor: 0, category: 0 },
		}) as unknown as Inspected;
	const before = { wasm: 10, device: 20, extractor: 30, category: 40 };
	expect(resultOf(inspected(0), before).load).toEqual({ wasm: 10, device: 22, extractor: 30, category: 40 });
	expect(resultOf(inspected(7), before).load).toEqual({ wasm: 7, device: 2, extractor: 0, category: 0 });
});
