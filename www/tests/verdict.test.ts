import { expect, test } from "vitest";
import type { Outcome } from "../outcomes.js";
import { notesOn, verdictOf } from "../verdict.js";

/** An outcome with these parts of an inspection. */
function outcome(parts: { score: number; unlike?: boolean; other_shape?: boolean }): Outcome {
	const inspection = {
		unlike: false,
		other_shape: false,
		notes: ["The photo is distorted 9.0 times."],
		...parts,
	};
	return { result: { inspection } } as unknown as Outcome;
}

test("above the threshold a photo is a defect, or unlike as a whole", () => {
	expect(verdictOf(outcome({ score: 1 }), 1)).toBe("good");
	expect(verdictOf(outcome({ score: 1.1 }), 1)).toBe("defect");
	expect(verdictOf(outcome({ score: 1.1, unlike: true }), 1)).toBe("unlike");
	expect(verdictOf(outcome({ score: 0.9, unlike: true }), 1)).toBe("good");
});

test("a photo of another shape is unlike whatever its score, and its note says why", () => {
	const strip = outcome({ score: 0.4, other_shape: true });
	expect(verdictOf(strip, 1)).toBe("unlike");
	expect(notesOn(strip, 1)).toEqual(["The photo is distorted 9.0 times."]);
	expect(notesOn(outcome({ score: 2, unlike: true }), 1)).toHaveLength(2);
});
