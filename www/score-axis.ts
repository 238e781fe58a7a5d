// The axis of scores. A defect's score may be thirty times the threshold, which must still be set finely.

/** Rounds up to a round figure, so that the axis does not grow a little with every photo. */
function roundUp(value: number): number {
	const step = 10 ** Math.floor(Math.log10(value));
	const nice = [1, 1.25, 1.5, 2, 3, 4, 5, 7.5, 10].find((factor) => factor * step >= value) ?? 10;
	// Rounded as people write it: 3 times 0.1 would be 0.30000000000000004.
	return Number((nice * step).toPrecision(3));
}

/** Powers of ten from `least` to below `most`, then 5 times and 2 times each power, in the order of their worth as marks. */
function roundFigures(least: number, most: number): number[] {
	const [first, last] = [Math.floor(Math.log10(least)), Math.ceil(Math.log10(most))];
	const powers = Array.from({ length: last - first + 1 }, (_, i) => first + i);
	// Parsed as people write them, for the same reason.
	const figures = [1, 5, 2].flatMap((factor) => powers.map((power) => Number(`${factor}e${power}`)));
	return figures.filter((figure) => figure >= least && figure < most);
}

/** A symlog scale from 0: linear well below the model's threshold and logarithmic well above it, without a seam. */
export class ScoreAxis {
	readonly #unit: number;
	readonly #highest: number;

	/** `highest` is the largest score that must have room. */
	constructor(modelThreshold: number, highest: number) {
		this.#highest = roundUp(Math.max(highest, 1e-3));
		this.#unit = Math.min(Math.max(modelThreshold, this.#highest / 1000), this.#highest);
	}

	/** Place of a score on the axis, 0 to 1. A score beyond an end is at that end. */
	at(score: number): number {
		const part = Math.log1p(Math.max(score, 0) / this.#unit) / Math.log1p(this.#highest / this.#unit);
		return Math.min(part, 1);
	}

	/** The score at a place, 0 to 1. */
	score(part: number): number {
		return part >= 1 ? this.#highest : this.#unit * Math.expm1(part * Math.log1p(this.#highest / this.#unit));
	}

	/** Scores to mark, both ends among them, at least `gap` of the axis apart. */
	ticks(gap: number): number[] {
		const chosen = [0, this.#highest];
		for (const figure of roundFigures(this.#highest / 1000, this.#highest)) {
			const part = this.at(figure);
			if (chosen.every((other) => Math.abs(this.at(other) - part) >= gap)) chosen.push(figure);
		}
		return chosen;
	}
}
