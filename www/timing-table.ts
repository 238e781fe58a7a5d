// The table of the timing section: the routes of this browser, and the paper's figures below them.
import type { Milliseconds, Route } from "./contract.js";
import { byId, make } from "./elements.js";
import { asMilliseconds } from "./figures.js";
import { routeNames } from "./routes.js";
import { deviceName, parts } from "./stage-times.js";
import type { RouteTiming } from "./timing-run.js";

/** The paper's table, in milliseconds per image. */
const paper: [string, number][] = [
	["PatchCore, WideResNet-50", 172],
	["FastFlow, WideResNet-50", 45.9],
	["Reverse distillation, WideResNet-50", 30],
	["Reverse distillation, ResNet-18", 16],
	["CSE, EfficientNet-B3", 18],
];

function bar(value: number | undefined, longest: number, kind: string): HTMLElement {
	const line = make("i", { class: `time-bar ${kind}`, "aria-hidden": "true" });
	line.style.setProperty("--part", String((value ?? 0) / longest));
	return make("td", { class: "bar-cell" }, line);
}

function figure(value: number | undefined): HTMLElement {
	return make("td", { class: "figure" }, value === undefined ? "–" : asMilliseconds(value));
}

function ownRow(route: Route, timing: RouteTiming | string, longest: number): HTMLElement {
	if (typeof timing === "string") {
		const text = make("td", { colspan: parts.length + 3 }, timing);
		return make("tr", {}, make("th", { scope: "row" }, routeNames[route]), text);
	}
	const { device, cold, warm, count } = timing;
	const name = make("th", { scope: "row" }, deviceName(device));
	if (count > 0) name.append(make("span", { class: "quiet" }, ` median of ${count}`));
	const cells = parts.map((part: keyof Milliseconds) => figure(warm?.stages[part]));
	return make("tr", {}, name, figure(warm?.span), bar(warm?.span, longest, "own"), figure(cold), ...cells);
}

function paperRow([name, value]: [string, number], longest: number): HTMLElement {
	return make(
		"tr",
		{},
		make("th", { scope: "row" }, name),
		// Printed as in the paper, without rounding it once more.
		make("td", { class: "figure" }, `${value} ms`),
		bar(value, longest, "paper"),
		make("td", { colspan: parts.length + 1 }),
	);
}

function groupRow(text: string): HTMLElement {
	return make("tr", { class: "group" }, make("th", { scope: "rowgroup", colspan: parts.length + 4 }, text));
}

/** Draws the table. `heading` names this browser's part of it. */
export function renderTimingTable(timings: ReadonlyMap<Route, RouteTiming | string>, heading: string): void {
	const own = [...timings];
	const warm = own.flatMap(([, timing]) => (typeof timing === "string" ? [] : [timing.warm?.span ?? 0]));
	const longest = Math.max(...paper.map(([, value]) => value), ...warm);
	const heads = ["", "One photo, warm", "", "Cold", ...parts];
	const head = make(
		"tr",
		{},
		...heads.map((text) => (text ? make("th", { scope: "col" }, text) : make("td"))),
	);
	const ownRows = own.map(([route, timing]) => ownRow(route, timing, longest));
	const nothing = make(
		"tr",
		{},
		make("td", { class: "quiet", colspan: parts.length + 4 }, "Not measured yet."),
	);
	byId("timing-table", "table").replaceChildren(
		make("caption", { class: "visually-hidden" }, `Milliseconds per photo. ${heading}.`),
		make("thead", {}, head),
		make("tbody", { id: "timing-own" }, groupRow(heading), ...(own.length > 0 ? ownRows : [nothing])),
		make(
			"tbody",
			{ id: "timing-paper" },
			groupRow("The paper, on an RTX 3090 Ti"),
			...paper.map((row) => paperRow(row, longest)),
		),
	);
}
