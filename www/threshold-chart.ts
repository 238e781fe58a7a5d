// Where the threshold lies among the scores of good photos, and the means to move it.
import { byId, makeSvg, svgById } from "./elements.js";
import { asPercent, asScore } from "./figures.js";
import type { Workbench } from "./workbench.js";

const svg = svgById("chart");
const slider = byId("threshold", "input");
const text = byId("chart-text", "p");

const width = 320;
const height = 96;
const floor = 84;
const bins = 32;

/** The next round figure, so that the axis does not creep with every photo. */
function roundUp(value: number): number {
	const step = 10 ** Math.floor(Math.log10(value));
	const nice = [1, 1.25, 1.5, 2, 3, 4, 5, 7.5, 10].find((factor) => factor * step >= value) ?? 10;
	return nice * step;
}

function scoresOf(bench: Workbench): { score: number; selected: boolean }[] {
	return bench.photos.flatMap((photo) => {
		const outcome = bench.outcome(photo);
		if (!outcome || "error" in outcome) return [];
		return [{ score: outcome.result.inspection.score, selected: photo === bench.selected }];
	});
}

function histogram(scores: readonly number[], axis: number): number[] {
	const counts = new Array<number>(bins).fill(0);
	for (const score of scores) {
		const bin = Math.min(bins - 1, Math.max(0, Math.floor((score / axis) * bins)));
		counts[bin] = (counts[bin] ?? 0) + 1;
	}
	return counts;
}

function bars(counts: readonly number[]): SVGElement[] {
	const tallest = Math.max(1, ...counts);
	const step = width / bins;
	return counts.flatMap((count, i) => {
		if (count === 0) return [];
		const tall = (count / tallest) * (floor - 14);
		const place = { x: i * step + 0.5, y: floor - tall, width: step - 1, height: tall };
		return [makeSvg("rect", { class: "bar-normal", ...place })];
	});
}

function ticks(): SVGElement[] {
	const parts = Array.from({ length: 11 }, (_, i) => i / 10);
	return parts.map((part) => {
		const x = part * width;
		return makeSvg("line", {
			class: "axis",
			x1: x,
			x2: x,
			y1: floor,
			y2: floor + (part % 0.5 === 0 ? 6 : 3),
		});
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

function describe(normal: readonly number[], threshold: number, modelThreshold: number): string {
	const above = normal.filter((score) => score > threshold).length;
	const share = normal.length > 0 ? ` (${asPercent(above / normal.length)})` : "";
	const own =
		threshold === modelThreshold
			? "The model’s own threshold. "
			: `The model’s own: ${asScore(modelThreshold)}. `;
	const flagged = `${above} of ${normal.length} good validation photos${share} lie above it.`;
	return own + flagged;
}

export function renderThreshold(bench: Workbench): void {
	const info = bench.texture?.info;
	const { threshold } = bench;
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
	const largest = Math.max(...info.normal_scores, info.threshold * 1.6, ...scores.map(({ score }) => score));
	const axis = roundUp(Math.max(largest * 1.02, threshold));
	const at = (score: number) => (Math.min(score, axis) / axis) * width;
	slider.max = String(axis);
	slider.step = String(axis / 1000);
	slider.value = String(threshold);
	slider.setAttribute("aria-valuetext", asScore(threshold));
	const others = scores.filter(({ selected }) => !selected);
	const selected = scores.find((score) => score.selected);
	svg.replaceChildren(
		...bars(histogram(info.normal_scores, axis)),
		...ticks(),
		makeSvg("line", { class: "axis", x1: 0, x2: width, y1: floor, y2: floor }),
		...others.map(({ score }) =>
			makeSvg("line", { class: "rug", x1: at(score), x2: at(score), y1: floor - 8, y2: floor }),
		),
		makeSvg("line", { class: "threshold-line", x1: at(threshold), x2: at(threshold), y1: 0, y2: height }),
		...(selected ? [marker(at(selected.score))] : []),
	);
	byId("axis-high", "span").textContent = asScore(axis);
	text.textContent = describe(info.normal_scores, threshold, info.threshold);
}

export function wireThreshold(bench: Workbench): void {
	slider.addEventListener("input", () => bench.setThreshold(Number(slider.value)));
	byId("threshold-reset", "button").addEventListener("click", () => {
		bench.setThreshold(undefined);
		slider.focus();
	});
}
