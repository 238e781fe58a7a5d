import { expect, test } from "vitest";
import type { Unlikeness } from "../contract.js";
import type { Outcome } from "../outcomes.js";
import { notesOn, verdictOf } from "../verdict.js";

/** An outcome with these parts of an inspection. */
function outcome(parts: { score: number; unlike?: Unlikeness }): Outcome {
	const inspection = {
		unlike: "none",
		notes: ["The photo is distorted 9.0 times."],
		...parts,
	};
	return { result: { inspection } } as unknown as Outcome;
}

test("above the threshold a photo is a defect, or unlike as a whole", () => {
	expect(verdictOf(outcome({ score: 1 }), 1)).toBe("good");
	expect(verdictOf(outcome({ score: 1.1 }), 1)).toBe("defect");
	expect(verdictOf(outcome({ score: 1.1, unlike: "most" }), 1)).toBe("unlike");
	expect(verdictOf(outcome({ score: 0.9, unlike: "most" }), 1)).toBe("good");
});

test("a photo of another shape is unlike whatever its score, and its note says why", () => {
	const strip = outcome({ score: 0.4, unlike: "proportions" });
	expect(verdictOf(strip, 1)).toBe("unlike");
	expect(notesOn(strip, 1)).toEqual(["The photo is distorted 9.0 times."]);
	expect(notesOn(outcome({ score: 2, unlike: "most" }), 1)).toHaveLength(2);
});

test("a photo whose map is higher throughout is unlike whatever its score, with a sentence", () => {
	const black = outcome({ score: 0.8, unlike: "throughout" });
	expect(verdictOf(black, 1)).toBe("unlike");
	expect(notesOn(black, 1)).toHaveLength(2);
});
