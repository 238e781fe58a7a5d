// The table of the comparison: under each method a line for the paper's figure, and one for each route of this browser.
import type { Route } from "../contract.js";
import { byId, make } from "../elements.js";
import { asMilliseconds } from "../figures.js";
import { deviceWord, isTimed, type Result, type Row, titleOf } from "./results.js";
import { type Summary, summaryOf } from "./summary.js";

export const paperName = "Paper, RTX 3090 Ti";

/** In two significant digits, and never as a power of ten. */
function inTwoDigits(value: number): string {
	return String(Number(value.toPrecision(2)));
}

/** Columns of figures, with how each is written. */
export const columns: [head: string, of: (summary: Summary) => string][] = [
	["One photo", ({ median }) => asMilliseconds(median)],
	["Middle half", ({ low, high }) => `${asMilliseconds(low)} to ${asMilliseconds(high)}`],
	["Photos/s", ({ photosPerSecond }) => inTwoDigits(photosPerSecond)],
	["In backbone", ({ backbone }) => asMilliseconds(backbone)],
	["In method", ({ method }) => asMilliseconds(method)],
	["Cold", ({ cold }) => asMilliseconds(cold)],
	["GFLOP/s", ({ gigaflops }) => inTwoDigits(gigaflops)],
];

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

function lines(route: Route, result: Result): HTMLElement[] {
	const name = make("th", { scope: "row" }, deviceWord(route, result));
	if (typeof result === "string")
		return [make("tr", {}, name, make("td", { colspan: columns.length }, result))];
	const summary = summaryOf(result);
	if (isTimed(result)) name.append(make("span", { class: "quiet" }, ` median of ${result.runs.length}`));
	const cells = columns.map(([head, of]) => {
		const known = isTimed(result) || head === "Cold";
		return make("td", { class: "figure" }, known ? of(summary) : "–");
	});
	const figures = make("tr", { "data-route": route }, name, ...cells);
	if (!result.problem) return [figures];
	return [figures, make("tr", {}, make("td", { colspan: columns.length + 1 }, result.problem))];
}

function paperLine(milliseconds: number): HTMLElement {
	return make(
		"tr",
		{ class: "paper" },
		make("th", { scope: "row" }, paperName),
		// Printed as in the paper, without rounding it once more.
		make("td", { class: "figure" }, `${milliseconds} ms`),
		make("td", { colspan: columns.length - 1 }),
	);
}

function group(row: Row): HTMLElement {
	const { contender, results } = row;
	const head = make(
		"th",
		{ scope: "rowgroup", colspan: columns.length + 1 },
		`${titleOf(contender)} `,
		make("span", { class: "quiet" }, weightOf(row)),
	);
	return make(
		"tbody",
		{ "data-contender": contender.id },
		make("tr", { class: "group" }, head),
		...(contender.paper === undefined ? [] : [paperLine(contender.paper)]),
		...results.flatMap(([route, result]) => lines(route, result)),
	);
}

export function renderTable(rows: readonly Row[]): void {
	const heads = columns.map(([head]) => make("th", { scope: "col" }, head));
	byId("comparison-table", "table").replaceChildren(
		make(
			"caption",
			{ class: "visually-hidden" },
			"Times of the methods for one photo, a window of 224 x 224 pixels.",
		),
		make("thead", {}, make("tr", {}, make("td"), ...heads)),
		...rows
			.filter(({ contender, results }) => contender.paper !== undefined || results.length > 0)
			.map(group),
	);
}
