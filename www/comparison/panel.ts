// The section of the comparison: measures what is chosen, shows it, and gives it away as text and picture.
import { isAbort } from "../abort.js";
import type { ContenderInfo, Route } from "../contract.js";
import { byId } from "../elements.js";
import { routeNames } from "../routes.js";
import { saveFile } from "../save-file.js";
import { sentence } from "../sentence.js";
import type { Workbench } from "../workbench.js";
import { chosenRoutes, chosenRows, offerRoutes, offerRows } from "./choices.js";
import { type Colours, dotPlot, widest } from "./dot-plot.js";
import { json, markdown, png } from "./exports.js";
import { measure } from "./measurement.js";
import { timeOnnxRuntime } from "./onnx-runtime.js";
import { environment, isTimed, Results, titleOf } from "./results.js";
import { renderTable } from "./table.js";

const status = byId("comparison-status", "p");
const startButton = byId("comparison-start", "button");
const stopButton = byId("comparison-stop", "button");
const countChoice = byId("comparison-count", "select");
const onnxChoice = byId("comparison-onnx", "input");
const plot = byId("comparison-plot", "div");
const table = byId("comparison-table", "table");
const exports = byId("comparison-exports", "div");
const said = byId("comparison-said", "p");

/** Milliseconds before the rows are asked for again, where that failed. */
const retryPause = 10_000;

const results = new Results();
let contenders: ContenderInfo[] = [];
let asked = false;
let abort: AbortController | undefined;
/** Day of the measurement. */
let date = "";

function colours(): Colours {
	const style = getComputedStyle(document.documentElement);
	const of = (name: string) => style.getPropertyValue(name).trim();
	return {
		ground: of("--ground"),
		ink: of("--ink"),
		quiet: of("--quiet"),
		line: of("--line"),
		paper: of("--quiet"),
		routes: { cpu: of("--accent"), webgpu: of("--defect") },
	};
}

const rowsNow = () => results.rows(contenders);
const aboutNow = ({ routing: { gpu } }: Workbench) => environment(rowsNow(), gpu.name, date);

function hasOwn(): boolean {
	return rowsNow().some(({ results: own }) => own.some(([, one]) => isTimed(one)));
}

function drawPlot(bench: Workbench): void {
	const about = hasOwn() ? aboutNow(bench) : [];
	const width = Math.min(widest, plot.clientWidth || widest);
	plot.replaceChildren(dotPlot(rowsNow(), about, colours(), width));
}

function draw(bench: Workbench): void {
	exports.hidden = !hasOwn();
	renderTable(rowsNow());
	drawPlot(bench);
}

/** Returns a sentence on what did not run, if it has no place in the table. */
async function measureAll(
	bench: Workbench,
	rows: ContenderInfo[],
	routes: Route[],
	signal: AbortSignal,
): Promise<string> {
	const count = Number(countChoice.value);
	// It runs on the CPU, so it is timed where the CPU is.
	const withOnnx = onnxChoice.checked && routes.includes("cpu");
	const backbones = withOnnx ? [...new Set(rows.map(({ backbone }) => backbone))] : [];
	const all = rows.length * routes.length + backbones.length;
	let done = 0;
	// Said once for each, since a screen reader reads each change. The table shows the progress.
	const say = (what: string) => {
		done += 1;
		status.textContent = `${done} of ${all}: ${what}…`;
	};
	for (const contender of rows) {
		for (const route of routes) {
			say(`${titleOf(contender)}, ${routeNames[route]}`);
			try {
				await measure({ contender, route, count, signal }, (measured) => {
					results.set(contender, route, measured);
					draw(bench);
				});
			} catch (cause) {
				if (isAbort(cause)) throw cause;
				results.fail(contender, route, sentence(cause));
				draw(bench);
			}
		}
	}
	let trouble = onnxChoice.checked && !withOnnx ? " ONNX Runtime Web was not: it needs the route CPU." : "";
	for (const backbone of backbones) {
		say(`${backbone}, ONNX Runtime Web`);
		try {
			await timeOnnxRuntime(backbone, count, signal, (times) => {
				results.setOnnx(backbone, times);
				draw(bench);
			});
		} catch (cause) {
			// A few photos would look like all.
			results.dropOnnx(backbone);
			draw(bench);
			if (isAbort(cause)) throw cause;
			trouble = ` ${sentence(cause)}`;
		}
	}
	return trouble;
}

async function start(bench: Workbench): Promise<void> {
	// The button is disabled only with the next frame.
	if (bench.queue.work || bench.queue.held || bench.teacher.busy) return;
	if (bench.teacher.looks) {
		status.textContent = "Good samples are being looked at. Measure after that.";
		return;
	}
	const [rows, routes] = [chosenRows(contenders), chosenRoutes()];
	if (rows.length === 0 || routes.length === 0) {
		status.textContent = "Choose at least one method and one route.";
		return;
	}
	abort = new AbortController();
	const { signal } = abort;
	bench.queue.hold(true);
	try {
		// The page's workers would hold memory and, worse, compute at the same time.
		bench.inspector.end();
		bench.teacher.rest();
		results.clear();
		date = new Date().toLocaleDateString("en-CA");
		draw(bench);
		const trouble = await measureAll(bench, rows, routes, signal);
		status.textContent = `Measured.${trouble}`;
	} catch (cause) {
		status.textContent = isAbort(cause) ? "Stopped. What was measured so far stays." : sentence(cause);
	} finally {
		abort = undefined;
		bench.queue.hold(false);
	}
}

/** Asks the program for the rows, once it runs. */
async function learnRows(bench: Workbench): Promise<void> {
	if (asked || !bench.current.category?.info || bench.queue.work) return;
	asked = true;
	try {
		contenders = (await bench.inspector.bridge.run("contenders", {})).rows;
		offerRows(contenders);
		draw(bench);
		renderComparison(bench);
	} catch (cause) {
		if (!isAbort(cause)) status.textContent = sentence(cause);
		setTimeout(() => {
			asked = false;
		}, retryPause);
	}
}

export function renderComparison(bench: Workbench): void {
	const { queue, teacher, routing } = bench;
	void learnRows(bench);
	offerRoutes(routing.gpu);
	const focused = document.activeElement;
	startButton.disabled = contenders.length === 0 || queue.work !== undefined || queue.held || teacher.busy;
	stopButton.hidden = !queue.held;
	// The focus would be lost with the button that goes.
	if (focused === startButton && queue.held) stopButton.focus();
	if (focused === stopButton && !queue.held) (startButton.disabled ? countChoice : startButton).focus();
}

function onClick(id: string, act: () => Promise<string> | string): void {
	byId(id, "button").addEventListener("click", async () => {
		try {
			said.textContent = await act();
		} catch (cause) {
			said.textContent = sentence(cause);
		}
	});
}

export function wireComparison(bench: Workbench): void {
	// A part that scrolls must be reachable by keyboard. One that does not scroll should not be a stop on the way.
	const scroll = byId("comparison-scroll", "section");
	const sizes = new ResizeObserver(() => {
		if (scroll.scrollWidth > scroll.clientWidth) scroll.tabIndex = 0;
		else scroll.removeAttribute("tabindex");
	});
	sizes.observe(table);
	sizes.observe(scroll);
	let drawnWidth = 0;
	new ResizeObserver(() => {
		// A drawing changes the height, which must not call for another one.
		if (plot.clientWidth === drawnWidth) return;
		drawnWidth = plot.clientWidth;
		drawPlot(bench);
	}).observe(plot);
	matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => draw(bench));
	startButton.addEventListener("click", () => void start(bench));
	stopButton.addEventListener("click", () => abort?.abort(new DOMException("Stopped.", "AbortError")));
	const copy = async (text: string) => {
		await navigator.clipboard.writeText(text);
		return "Copied.";
	};
	onClick("comparison-markdown", () => copy(markdown(rowsNow(), aboutNow(bench))));
	onClick("comparison-json", () => copy(json(rowsNow(), aboutNow(bench))));
	onClick("comparison-png", async () => {
		saveFile("comparison.png", await png(dotPlot(rowsNow(), aboutNow(bench), colours(), widest)));
		return "Saved.";
	});
}
