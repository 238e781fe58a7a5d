// How well the scores tell the photos apart that the visitor marked as good or defective.

export type Mark = "good" | "defective";

export interface Marked {
	score: number;
	mark: Mark;
	/** True for a photo that is not taken for good whatever its score. */
	isCalled?: boolean;
}

export interface Evaluation {
	/** Share of pairs of a good and a defective photo in which the defective one has the higher score, 0 to 1. */
	auroc: number;
	/** Threshold with the highest mean of both rates, halfway between two scores. */
	best: number;
	/** Number of defective photos that the best threshold misses. */
	missedAtBest: number;
	/** Number of good photos that the best threshold calls. */
	calledAtBest: number;
}

export interface Confusion {
	defectiveCalled: number;
	defectiveMissed: number;
	goodCalled: number;
	goodPassed: number;
}

export function confusion(marked: readonly Marked[], threshold: number): Confusion {
	const isCalled = ({ score, isCalled }: Marked) => isCalled === true || score > threshold;
	const count = (mark: Mark, called: boolean) =>
		marked.filter((photo) => photo.mark === mark && isCalled(photo) === called).length;
	return {
		defectiveCalled: count("defective", true),
		defectiveMissed: count("defective", false),
		goodCalled: count("good", true),
		goodPassed: count("good", false),
	};
}

function scoresOf(marked: readonly Marked[], mark: Mark): number[] {
	return marked.filter((photo) => photo.mark === mark).map(({ score }) => score);
}

/** Undefined where no photo is marked as good, or none as defective. */
export function evaluate(marked: readonly Marked[]): Evaluation | undefined {
	const [good, defective] = [scoresOf(marked, "good"), scoresOf(marked, "defective")];
	if (good.length === 0 || defective.length === 0) return undefined;
	let higher = 0;
	for (const bad of defective) for (const fine of good) higher += bad > fine ? 1 : bad === fine ? 0.5 : 0;
	const scores = [...new Set(marked.map(({ score }) => score))].sort((a, b) => a - b);
	const [lowest = 0] = scores;
	let best = { threshold: lowest / 2, rate: 0, missed: 0, called: good.length };
	for (const [place, score] of scores.entries()) {
		const next = scores[place + 1] ?? 1.1 * score;
		const threshold = (score + next) / 2;
		const { defectiveCalled, defectiveMissed, goodCalled, goodPassed } = confusion(marked, threshold);
		const rate = defectiveCalled / defective.length + goodPassed / good.length;
		if (rate > best.rate) best = { threshold, rate, missed: defectiveMissed, called: goodCalled };
	}
	return {
		auroc: higher / (good.length * defective.length),
		best: best.threshold,
		missedAtBest: best.missed,
		calledAtBest: best.called,
	};
}
