// Where a score is drawn: a defect's may be thirty times the threshold's, about which the threshold has to be set finely.

/** The next round figure, so that the axis does not creep with every photo. */
function roundUp(value: number): number {
	const step = 10 ** Math.floor(Math.log10(value));
	const nice = [1, 1.25, 1.5, 2, 3, 4, 5, 7.5, 10].find((factor) => factor * step >= value) ?? 10;
	// As it is written: 3 times 0.1 would be 0.30000000000000004.
	return Number((nice * step).toPrecision(3));
}

/** 1, 5 and 2 times each power of ten from `least` to below `most`: the powers first, and between them what halves best. */
function roundFigures(least: number, most: number): number[] {
	const [first, last] = [Math.floor(Math.log10(least)), Math.ceil(Math.log10(most))];
	const powers = Array.from({ length: last - first + 1 }, (_, i) => first + i);
	// As they are written, here too.
	const figures = [1, 5, 2].flatMap((factor) => powers.map((power) => Number(`${factor}e${power}`)));
	return figures.filter((figure) => figure >= least && figure < most);
}

/** From 0: linear well below the model's threshold, logarithmic well above it, with no seam between (a symlog scale). */
export class ScoreAxis {
	readonly #unit: number;
	readonly #highest: number;

	/** `highest`: the largest score that must have room. */
	constructor(modelThreshold: number, highest: number) {
		this.#highest = roundUp(Math.max(highest, 1e-3));
		this.#unit = Math.min(Math.max(modelThreshold, this.#highest / 1000), this.#highest);
	}

	/** Place on the axis, 0..1; scores beyond its ends are at its ends. */
	at(score: number): number {
		const part = Math.log1p(Math.max(score, 0) / this.#unit) / Math.log1p(this.#highest / this.#unit);
		return Math.min(part, 1);
	}

	/** The score at a place, 0..1. */
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
