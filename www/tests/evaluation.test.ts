import { expect, test } from "vitest";
import { confusion, evaluate, type Marked } from "../evaluation.js";

const marked = (good: number[], defective: number[]): Marked[] => [
	...good.map((score) => ({ score, mark: "good" as const })),
	...defective.map((score) => ({ score, mark: "defective" as const })),
];

test("the AUROC is that of scikit-learn", () => {
	// roc_auc_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]), an example of its documentation.
	expect(evaluate(marked([0.1, 0.4], [0.35, 0.8]))?.auroc).toBe(0.75);
	expect(evaluate(marked([1, 1], [1]))?.auroc).toBe(0.5);
});

test("the best threshold lies halfway between the photos that it tells apart", () => {
	const photos = marked([0.2, 0.6, 3], [1.0, 1.4, 2]);
	const { best, missedAtBest, calledAtBest } = evaluate(photos) ?? {};
	expect([best, missedAtBest, calledAtBest]).toEqual([0.8, 0, 1]);
	expect(confusion(photos, 1)).toEqual({
		defectiveCalled: 2,
		defectiveMissed: 1,
		goodCalled: 1,
		goodPassed: 2,
	});
});

test("a photo that is unlike whatever its score is called at every threshold", () => {
	const photos: Marked[] = [...marked([0.2], [2]), { score: 0.4, mark: "defective", isCalled: true }];
	expect(confusion(photos, 3).defectiveCalled).toBe(1);
	expect(evaluate(photos)?.missedAtBest).toBe(0);
});

test("marks of one kind alone are no evaluation", () => {
	expect(evaluate(marked([1], []))).toBeUndefined();
	expect(evaluate(marked([], [1]))).toBeUndefined();
});
