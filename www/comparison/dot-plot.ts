// The picture of the comparison: a dot for each photo on a logarithmic axis, with median and quartiles.
import type { Route } from "../contract.js";
import { makeSvg } from "../elements.js";
import { shortened } from "../figures.js";
import { total } from "./measurement.js";
import { deviceWord, type Environment, isTimed, type Row, titleOf } from "./results.js";
import { summaryOf } from "./summary.js";
import { paperName } from "./table.js";

/** Pixels, of a picture that is saved. On the page it has the width of its place, if that is smaller. */
export const widest = 860;
const left = 180;
const right = 24;
/** Characters of a label. */
const longestName = 24;
/** What the marks are. */
const marks = ["dot: one photo, tick: median, bar: middle half", "diamond: the paper’s, other hardware"];
const lineHeight = 22;
const groupHeight = 26;

/** Colours of the picture, which is also saved without the page's style. */
export interface Colours {
	ground: string;
	ink: string;
	quiet: string;
	line: string;
	paper: string;
	routes: Record<Route, string>;
}

interface Line {
	name: string;
	colour: string;
	times: number[];
	/** Median and quartiles. Undefined for the paper's figure. */
	middle: { low: number; median: number; high: number } | undefined;
}

function linesOf({ contender, results }: Row, colours: Colours): Line[] {
	const paper = { name: paperName, colour: colours.paper, times: [contender.paper ?? 0], middle: undefined };
	const own = results.flatMap(([route, result]): Line[] => {
		if (!isTimed(result)) return [];
		const { low, median, high } = summaryOf(result);
		const times = result.runs.map(total);
		const middle = { low, median, high };
		return [{ name: deviceWord(route, result), colour: colours.routes[route], times, middle }];
	});
	return contender.paper === undefined ? own : [paper, ...own];
}

/** Axis from a power of ten to another one, around all times. */
function axisOver(
	times: readonly number[],
	width: number,
): { at: (time: number) => number; ticks: number[] } {
	const logarithms = times.filter((time) => time > 0).map(Math.log10);
	const first = Math.floor(Math.min(1, ...logarithms));
	const last = Math.ceil(Math.max(2.5, ...logarithms));
	const at = (time: number) =>
		left + ((width - left - right) * (Math.log10(Math.max(time, 10 ** first)) - first)) / (last - first);
	const ticks = Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index));
	return { at, ticks };
}

function tickLabel(time: number): string {
	return time < 1000 ? `${time} ms` : `${time / 1000} s`;
}

function text(x: number, y: number, fill: string, words: string, more = {}): SVGElement {
	return makeSvg("text", { x, y, fill, "font-size": 13, ...more }, words);
}

function drawLine(
	{ name, colour, times, middle }: Line,
	y: number,
	at: (time: number) => number,
	ink: string,
) {
	// The notes have the whole name of the GPU.
	const label = text(left - 12, y + 4, colour, shortened(name, longestName), { "text-anchor": "end" });
	if (!middle) {
		const x = at(times[0] ?? 0);
		const corners = `${x},${y - 6} ${x + 6},${y} ${x},${y + 6} ${x - 6},${y}`;
		return [label, makeSvg("polygon", { points: corners, fill: colour })];
	}
	const { low, median, high } = middle;
	const [x1, x2, x] = [at(low), at(high), at(median)];
	return [
		label,
		makeSvg("line", { x1, x2, y1: y, y2: y, stroke: colour, "stroke-width": 5, opacity: 0.35 }),
		...times.map((time) => makeSvg("circle", { cx: at(time), cy: y, r: 3, fill: colour, opacity: 0.6 })),
		makeSvg("line", { x1: x, x2: x, y1: y - 8, y2: y + 8, stroke: ink, "stroke-width": 2 }),
	];
}

/** The picture of all rows that have a time. */
export function dotPlot(
	rows: readonly Row[],
	about: Environment,
	colours: Colours,
	width: number,
): SVGSVGElement {
	const groups = rows
		.map((row) => ({ row, lines: linesOf(row, colours) }))
		.filter(({ lines }) => lines.length > 0);
	const { at, ticks } = axisOver(
		groups.flatMap(({ lines }) => lines.flatMap(({ times }) => times)),
		width,
	);
	// A narrow picture has its legend in two lines.
	const legend = width < 560 ? marks : [marks.join(", ")];
	const top = 70 + 16 * legend.length;
	const parts: SVGElement[] = [];
	let y = top;
	for (const { row, lines } of groups) {
		parts.push(text(8, y + 16, colours.ink, titleOf(row.contender), { "font-weight": 650 }));
		y += groupHeight;
		for (const line of lines) {
			parts.push(...drawLine(line, y + lineHeight / 2 - 4, at, colours.ink));
			y += lineHeight;
		}
	}
	const grid = ticks.flatMap((time) => [
		makeSvg("line", { x1: at(time), x2: at(time), y1: top - 8, y2: y + 4, stroke: colours.line }),
		text(at(time), top - 14, colours.quiet, tickLabel(time), {
			"text-anchor": "middle",
			"font-size": 12,
		}),
	]);
	const longest = Math.floor(width / 6.5);
	const words = about.map(([name, value]) => shortened(`${name}: ${value}`, longest));
	const notes = words.map((line, index) =>
		text(8, y + 28 + 17 * index, colours.quiet, line, { "font-size": 12 }),
	);
	const height = y + 34 + 17 * words.length;
	return makeSvg(
		"svg",
		{ xmlns: "http://www.w3.org/2000/svg", viewBox: `0 0 ${width} ${height}`, width, height, role: "img" },
		makeSvg(
			"title",
			{},
			"Milliseconds for one photo, on a logarithmic axis. The table below has the figures.",
		),
		makeSvg("rect", { width, height, fill: colours.ground }),
		makeSvg(
			"g",
			{ "font-family": "system-ui, sans-serif" },
			text(8, 20, colours.ink, "Time for one window, logarithmic axis", { "font-weight": 650 }),
			...legend.map((line, index) => text(8, 40 + 16 * index, colours.quiet, line, { "font-size": 12 })),
			...grid,
			...parts,
			...notes,
		),
	);
}
