// The timing section: the choice of routes, and the buttons that start and stop a measurement.
import { isAbort } from "./abort.js";
import type { Category } from "./categories.js";
import type { Route } from "./contract.js";
import { byId, make } from "./elements.js";
import { largest } from "./figures.js";
import { type Photo, sampleFrom } from "./photos.js";
import { type Gpu, routeNames } from "./routes.js";
import { sentence } from "./sentence.js";
import { type RouteTiming, timeRoute } from "./timing-run.js";
import { renderTimingTable } from "./timing-table.js";
import type { Workbench } from "./workbench.js";

const table = byId("timing-table", "table");
const status = byId("timing-status", "p");
const startButton = byId("timing-start", "button");
const stopButton = byId("timing-stop", "button");
const countChoice = byId("timing-count", "select");
const routes = byId("timing-routes", "fieldset");
const legend = routes.querySelector("legend") ?? "";
const onCpu = routeBox("cpu", routeNames.cpu, true, false);
let gpuOffered: string | undefined;

/** One measurement. Every route gets its category and its photos, whatever the visitor chooses meanwhile. */
interface Measurement {
	category: Category;
	photos: Photo[];
	count: number;
	signal: AbortSignal;
}

const timings = new Map<Route, RouteTiming | string>();
let measured: Measurement | undefined;
let heading = "";
let abort: AbortController | undefined;

/** Names the model and the number of photos behind the figures. */
function headingFor({ current: { category } }: Workbench): string {
	if (!measured) return "This browser";
	const used = largest([0, ...timings.values()].map((one) => (typeof one === "object" ? one.photos : 0)));
	const on = used === 0 ? "" : used === 1 ? " on 1 photo" : ` on ${used} photos`;
	const stale = measured.category === category ? "" : ". Another model is chosen now";
	return `This browser, with the model “${measured.category.title}”${on}${stale}`;
}

function photosFor({ current: { category }, album: { selected } }: Workbench): Photo[] {
	const samples = category?.samples ?? [];
	if (samples.length > 0) return samples.map(({ title, url }) => sampleFrom(title, url));
	return selected ? [selected] : [];
}

function chosenRoutes(): Route[] {
	const boxes = document.querySelectorAll<HTMLInputElement>("#timing-routes input:checked:not(:disabled)");
	return [...boxes].map(({ value }) => value as Route);
}

async function measure(bench: Workbench, routes: Route[], measurement: Measurement): Promise<void> {
	for (const route of routes) {
		// Said once for each route, since a screen reader reads each change. The table shows the progress.
		status.textContent = `${routeNames[route]}: measuring…`;
		try {
			await timeRoute({ route, categories: bench.categories, ...measurement }, (timing) => {
				timings.set(route, timing);
				heading = headingFor(bench);
				renderTimingTable(timings, heading);
			});
		} catch (cause) {
			if (isAbort(cause)) throw cause;
			timings.set(route, sentence(cause));
			renderTimingTable(timings, heading);
		}
	}
}

async function start(bench: Workbench): Promise<void> {
	const { category } = bench.current;
	// The button is disabled only with the next frame.
	if (!category || bench.queue.work || bench.queue.held || bench.teacher.busy) return;
	const routes = chosenRoutes();
	if (routes.length === 0) {
		status.textContent = "Choose at least one route.";
		return;
	}
	abort = new AbortController();
	const count = Number(countChoice.value);
	measured = { category, photos: photosFor(bench), count, signal: abort.signal };
	timings.clear();
	heading = headingFor(bench);
	renderTimingTable(timings, heading);
	// The page's worker would hold memory and, worse, compute at the same time.
	bench.queue.hold(true);
	bench.inspector.end();
	try {
		await measure(bench, routes, measured);
		status.textContent = "Measured.";
	} catch (cause) {
		status.textContent = isAbort(cause) ? "Stopped; what was measured so far stands." : sentence(cause);
	} finally {
		abort = undefined;
		bench.queue.hold(false);
	}
}

function routeBox(route: Route, label: string, checked: boolean, disabled: boolean): HTMLElement {
	const input = make("input", { type: "checkbox", value: route, checked, disabled });
	return make("label", {}, input, make("span", {}, label));
}

function gpuLabel({ present, software, name }: Gpu): string {
	if (!present) return `${routeNames.webgpu}, not available`;
	return software ? `${routeNames.webgpu}, software adapter (${name}): slow` : routeNames.webgpu;
}

/** Offers the routes to time. A software adapter is not checked by itself. */
function renderRoutes({ routing: { gpu } }: Workbench): void {
	const label = gpuLabel(gpu);
	if (label === gpuOffered) return;
	gpuOffered = label;
	const box = routeBox("webgpu", label, gpu.present && !gpu.software, !gpu.present);
	routes.replaceChildren(legend, box, onCpu);
}

function renderButtons({
	current: { category },
	album: { selected },
	queue: { work, held },
	teacher,
}: Workbench): void {
	const focused = document.activeElement;
	const ready = category?.info !== undefined && (category.samples.length > 0 || selected !== undefined);
	startButton.disabled = !ready || work !== undefined || held || teacher.busy;
	stopButton.hidden = !held;
	// The focus would be lost with the button that goes.
	if (focused === startButton && held) stopButton.focus();
	if (focused === stopButton && !held) (startButton.disabled ? countChoice : startButton).focus();
}

export function renderTiming(bench: Workbench): void {
	renderRoutes(bench);
	renderButtons(bench);
	const current = headingFor(bench);
	if (current === heading) return;
	heading = current;
	renderTimingTable(timings, heading);
}

export function wireTiming(bench: Workbench): void {
	// A part that scrolls must be reachable by keyboard. One that does not scroll should not be a stop on the way.
	const scroll = byId("timing-scroll", "section");
	const sizes = new ResizeObserver(() => {
		if (scroll.scrollWidth > scroll.clientWidth) scroll.tabIndex = 0;
		else scroll.removeAttribute("tabindex");
	});
	sizes.observe(table);
	sizes.observe(scroll);
	startButton.addEventListener("click", () => void start(bench));
	stopButton.addEventListener("click", () => abort?.abort(new DOMException("Stopped.", "AbortError")));
}
