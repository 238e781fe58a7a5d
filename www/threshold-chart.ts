// The chart of the threshold among the scores of good photos, and the slider that moves it.
import { byId, makeSvg, svgById } from "./elements.js";
import { asPercent, asScore, largest } from "./figures.js";
import { ScoreAxis } from "./score-axis.js";
import type { Workbench } from "./workbench.js";

const svg = svgById("chart");
const slider = byId("threshold", "input");
const text = byId("chart-text", "p");

const width = 320;
const height = 100;
const floor = 84;
const bins = 32;

/** Axis of the chart and of the slider, whose value is a place on it. */
let axis = new ScoreAxis(1, 1);

function scoresOf({ album }: Workbench): { score: number; selected: boolean }[] {
	return album.photos.flatMap((photo) => {
		const outcome = album.outcome(photo);
		if (!outcome || "error" in outcome) return [];
		return [{ score: outcome.result.inspection.score, selected: photo === album.selected }];
	});
}

/** Bars of the numbers of scores. No bar reaches over the model's threshold. */
function histogram(scores: ArrayLike<number> & Iterable<number>, modelThreshold: number): SVGElement[] {
	const edge = axis.at(modelThreshold) * bins;
	const counts = new Map<number, number>();
	for (const score of scores) {
		// A score that equals the threshold is not above it.
		const bin = Math.ceil(axis.at(score) * bins - edge) - 1;
		counts.set(bin, (counts.get(bin) ?? 0) + 1);
	}
	const tallest = largest(counts.values());
	const step = width / bins;
	return [...counts].map(([bin, count]) => {
		const x = Math.max(0, (bin + edge) * step);
		const tall = (count / tallest) * (floor - 14);
		const end = Math.min(width, (bin + 1 + edge) * step);
		return makeSvg("rect", {
			class: "bar-normal",
			x: x + 0.5,
			y: floor - tall,
			width: Math.max(1, end - x - 1),
			height: tall,
		});
	});
}

function ticks(): SVGElement[] {
	return axis.ticks(0.09).flatMap((score) => {
		const x = axis.at(score) * width;
		return [
			makeSvg("line", { class: "axis", x1: x, x2: x, y1: floor, y2: floor + 4 }),
			makeSvg("text", { class: "tick-label", x, y: height }, String(score)),
		];
	});
}

function marker(x: number): SVGElement {
	const head = `${x - 5},2 ${x + 5},2 ${x},10`;
	return makeSvg(
		"g",
		{ class: "marker" },
		makeSvg("polygon", { points: head }),
		makeSvg("line", { x1: x, x2: x, y1: 10, y2: floor }),
	);
}

function describe(
	normal: ArrayLike<number> & Iterable<number>,
	synthetic: ArrayLike<number> & Iterable<number>,
	threshold: number,
	modelThreshold: number,
): string {
	const numberAbove = (scores: Iterable<number>) =>
		Array.from(scores).filter((score) => score > threshold).length;
	const above = numberAbove(normal);
	const share = normal.length > 0 ? ` (${asPercent(above / normal.length)})` : "";
	const own =
		threshold === modelThreshold
			? "The model’s own threshold. "
			: `The model’s own: ${asScore(modelThreshold)}. `;
	const flagged = `${above} of ${normal.length} good validation photos${share} lie above it`;
	if (synthetic.length === 0) return `${own}${flagged}.`;
	return `${own}${flagged}, and ${asPercent(numberAbove(synthetic) / synthetic.length)} of the synthetic defects.`;
}

export function renderThreshold(bench: Workbench): void {
	const { category, threshold } = bench.current;
	const info = category?.info;
	const ready = info !== undefined && threshold !== undefined;
	slider.disabled = !ready;
	byId("threshold-reset", "button").disabled = !ready || threshold === info.threshold;
	byId("threshold-value", "span").textContent = ready ? asScore(threshold) : "–";
	svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
	if (!ready) {
		svg.replaceChildren();
		text.textContent = "";
		return;
	}
	const scores = scoresOf(bench);
	const own = scores.map(({ score }) => score);
	const highest = Math.max(largest(info.normal_scores), info.threshold * 1.6, largest(own));
	axis = new ScoreAxis(info.threshold, Math.max(highest * 1.02, threshold));
	const at = (score: number) => axis.at(score) * width;
	slider.value = String(axis.at(threshold));
	slider.setAttribute("aria-valuetext", asScore(threshold));
	const others = scores.filter(({ selected }) => !selected);
	const selected = scores.find((score) => score.selected);
	svg.replaceChildren(
		...histogram(info.normal_scores, info.threshold),
		...ticks(),
		makeSvg("line", { class: "axis", x1: 0, x2: width, y1: floor, y2: floor }),
		...others.map(({ score }) =>
			makeSvg("line", { class: "rug", x1: at(score), x2: at(score), y1: floor - 8, y2: floor }),
		),
		makeSvg("line", { class: "threshold-line", x1: at(threshold), x2: at(threshold), y1: 0, y2: floor + 4 }),
		...(selected ? [marker(at(selected.score))] : []),
	);
	text.textContent = describe(info.normal_scores, info.synthetic_scores, threshold, info.threshold);
}

export function wireThreshold(bench: Workbench): void {
	slider.addEventListener("input", () => bench.setThreshold(axis.score(Number(slider.value))));
	byId("threshold-reset", "button").addEventListener("click", () => {
		bench.setThreshold(undefined);
		slider.focus();
	});
}
