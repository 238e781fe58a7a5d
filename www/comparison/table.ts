// The table of the comparison: under each method a line for the paper's figure, and one for each route of this browser.
import type { Route } from "../contract.js";
import { byId, make } from "../elements.js";
import { asMilliseconds } from "../figures.js";
import { deviceWord, isTimed, type Result, type Row, titleOf } from "./results.js";
import { quartile, type Summary, summaryOf } from "./summary.js";

export const paperName = "Paper, RTX 3090 Ti";

/** In two significant digits, and never as a power of ten. */
function inTwoDigits(value: number): string {
	return String(Number(value.toPrecision(2)));
}

/** A column of figures, and how each is written. */
type Column = [head: string, of: (summary: Summary, onnx: number | undefined) => string];

const first: Column[] = [
	["One photo", ({ median }) => asMilliseconds(median)],
	["Middle half", ({ low, high }) => `${asMilliseconds(low)} to ${asMilliseconds(high)}`],
	["Photos/s", ({ photosPerSecond }) => inTwoDigits(photosPerSecond)],
	["In backbone", ({ backbone }) => asMilliseconds(backbone)],
];

/** Shown where ONNX Runtime Web was measured. */
const ofOnnx: Column[] = [
	["In ONNX Runtime", (_, onnx) => (onnx === undefined ? "–" : asMilliseconds(onnx))],
	["Ratio", ({ backbone }, onnx) => (onnx === undefined ? "–" : inTwoDigits(backbone / onnx))],
];

const last: Column[] = [
	["In method", ({ method }) => asMilliseconds(method)],
	["Cold", ({ cold }) => asMilliseconds(cold)],
	["GFLOP/s", ({ gigaflops }) => inTwoDigits(gigaflops)],
];

/** The columns that the rows have figures for. Those of ONNX Runtime are there where it was measured. */
export function columnsFor(rows: readonly Row[]): Column[] {
	return [...first, ...(rows.some(({ onnx }) => onnx) ? ofOnnx : []), ...last];
}

/** The figures of a line. ONNX Runtime ran on the CPU, so a GPU is not compared with it. */
export function figuresOf({ onnx }: Row, route: Route, summary: Summary, shown: readonly Column[]): string[] {
	const median = onnx && route === "cpu" ? quartile(onnx.times, 2) : undefined;
	return shown.map(([, of]) => of(summary, median));
}

/** Words on what a row weighs. Empty where it was not measured. */
export function weightOf({ results }: Row): string {
	const measured = results.map(([, result]) => result).find((result) => typeof result !== "string");
	if (!measured) return "";
	const { parameters, stored } = measured.weight;
	const millions = (count: number) => `${(count / 1e6).toFixed(1)} M`;
	const kept = stored > 1e5 ? `, ${millions(stored)} stored numbers` : "";
	const { gigaMultiplyAdds } = summaryOf(measured);
	const work = Number.isNaN(gigaMultiplyAdds) ? "" : `, ${gigaMultiplyAdds.toFixed(2)} G multiply-adds`;
	return `${millions(parameters)} weights${kept}${work}`;
}

function lines(row: Row, route: Route, result: Result, shown: readonly Column[]): HTMLElement[] {
	const name = make("th", { scope: "row" }, deviceWord(route, result));
	if (typeof result === "string")
		return [make("tr", {}, name, make("td", { colspan: shown.length }, result))];
	const summary = summaryOf(result);
	if (isTimed(result)) name.append(make("span", { class: "quiet" }, ` median of ${result.runs.length}`));
	const figures = figuresOf(row, route, summary, shown);
	const cells = shown.map(([head], index) => {
		const known = isTimed(result) || head === "Cold";
		return make("td", { class: "figure" }, known ? (figures[index] ?? "") : "–");
	});
	const line = make("tr", { "data-route": route }, name, ...cells);
	if (!result.problem) return [line];
	return [line, make("tr", {}, make("td", { colspan: shown.length + 1 }, result.problem))];
}

function paperLine(milliseconds: number, shown: readonly Column[]): HTMLElement {
	return make(
		"tr",
		{ class: "paper" },
		make("th", { scope: "row" }, paperName),
		// Printed as in the paper, without rounding it once more.
		make("td", { class: "figure" }, `${milliseconds} ms`),
		make("td", { colspan: shown.length - 1 }),
	);
}

function group(row: Row, shown: readonly Column[]): HTMLElement {
	const { contender, results } = row;
	const head = make(
		"th",
		{ scope: "rowgroup", colspan: shown.length + 1 },
		`${titleOf(contender)} `,
		make("span", { class: "quiet" }, weightOf(row)),
	);
	return make(
		"tbody",
		{ "data-contender": contender.id },
		make("tr", { class: "group" }, head),
		...(contender.paper === undefined ? [] : [paperLine(contender.paper, shown)]),
		...results.flatMap(([route, result]) => lines(row, route, result, shown)),
	);
}

export function renderTable(rows: readonly Row[]): void {
	const shown = columnsFor(rows);
	const heads = shown.map(([head]) => make("th", { scope: "col" }, head));
	byId("comparison-table", "table").replaceChildren(
		make(
			"caption",
			{ class: "visually-hidden" },
			"Times of the methods for one photo, a window of 224 x 224 pixels.",
		),
		make("thead", {}, make("tr", {}, make("td"), ...heads)),
		...rows
			.filter(({ contender, results }) => contender.paper !== undefined || results.length > 0)
			.map((row) => group(row, shown)),
	);
}
