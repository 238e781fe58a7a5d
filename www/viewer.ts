// The selected photo with its anomaly map over it.
import { byId } from "./elements.js";
import { asScore } from "./figures.js";
import {
	type AnomalyMap,
	drawLegend,
	drawMap,
	isPartial,
	type Peak,
	peakOf,
	reaching,
	type Scale,
	valueAt,
} from "./heatmap.js";
import { type Result, resultIn } from "./outcomes.js";
import type { Photo } from "./photos.js";
import type { Workbench } from "./workbench.js";

const stage = byId("stage", "div");
const image = byId("photo", "img");
const canvas = byId("heatmap", "canvas");
const pointed = byId("pointed", "output");
const empty = byId("empty", "div");
const note = byId("viewer-note", "figcaption");
const opacity = byId("opacity", "input");

let shown: Photo | undefined;
/** Its file could not be had. */
let missing = false;
/** Holds its map for itself, since the result may let it go. */
let drawn: { result: Result; map: AnomalyMap } | undefined;
let address = "";

function setShape(width: number, height: number): void {
	stage.style.setProperty("--shape", String(width / height));
}

/** Shows the photo as soon as it is there, well before its result. */
async function showPhoto(photo: Photo): Promise<void> {
	// The photo before it must not lie under this one's name and map.
	showNothing();
	shown = photo;
	missing = false;
	stage.classList.remove("plain");
	const file = await photo.file().catch(() => undefined);
	if (shown !== photo) return;
	missing = !file;
	if (!file) return;
	URL.revokeObjectURL(address);
	address = URL.createObjectURL(file);
	image.src = address;
	image.alt = `Photo ${photo.name}`;
}

function showNothing(): void {
	shown = undefined;
	image.removeAttribute("src");
	image.alt = "";
	note.textContent = "";
	hideMap();
}

function hideMap(): void {
	drawn = undefined;
	canvas.hidden = true;
	pointed.hidden = true;
}

function describe(peak: Peak | undefined): string {
	if (!peak) return "Anomaly map, empty";
	const place = (fraction: number) => `${Math.round(100 * fraction)} %`;
	return `Anomaly map, strongest with ${asScore(peak.value)} at ${place(peak.x)} across and ${place(peak.y)} down`;
}

function showResult(result: Result, map: AnomalyMap, own: Scale): void {
	drawn = { result, map };
	pointed.hidden = true;
	const peak = peakOf(map);
	const scale = reaching(own, peak);
	setShape(result.inspection.width, result.inspection.height);
	drawMap(canvas, map, scale);
	canvas.setAttribute("aria-label", describe(peak));
	canvas.hidden = false;
	showScale(scale, isPartial(map));
}

function showScale(scale: Scale | undefined, partial: boolean): void {
	byId("scale-low", "span").textContent = scale ? asScore(scale.low) : "";
	byId("scale-high", "span").textContent = scale ? asScore(scale.high) : "";
	byId("partial", "span").hidden = !partial;
}

export function renderViewer(bench: Workbench): void {
	const { selected } = bench;
	const outcome = selected && bench.outcome(selected);
	const result = resultIn(outcome);
	const own = bench.texture?.info?.map_scale;
	if (!selected) showNothing();
	// A file that was missing is there where it was inspected since.
	else if (selected !== shown || (missing && result)) void showPhoto(selected);
	stage.hidden = !selected || (outcome !== undefined && "error" in outcome);
	empty.hidden = selected !== undefined && !stage.hidden;
	note.hidden = stage.hidden;
	// A map has as many values as the photo pixels: it is gone through when it is new, not at each change of the page.
	if (result?.map && own && result !== drawn?.result) showResult(result, result.map, own);
	if (!result || result !== drawn?.result) {
		hideMap();
		showScale(own, false);
	}
}

function showPointed(event: PointerEvent): void {
	if (!drawn) return;
	const box = stage.getBoundingClientRect();
	const x = (event.clientX - box.left) / box.width;
	const y = (event.clientY - box.top) / box.height;
	const value = valueAt(drawn.map, x, y);
	pointed.textContent = Number.isNaN(value) ? "not inspected" : asScore(value);
	pointed.style.left = `${100 * x}%`;
	pointed.style.top = `${100 * y}%`;
	pointed.classList.toggle("leftward", x > 0.8);
	pointed.hidden = false;
}

export function wireViewer(): void {
	const fade = () => canvas.style.setProperty("opacity", String(Number(opacity.value) / 100));
	opacity.addEventListener("input", fade);
	fade();
	drawLegend(byId("legend", "canvas"));
	stage.addEventListener("pointermove", showPointed);
	stage.addEventListener("pointerleave", () => {
		pointed.hidden = true;
	});
	image.addEventListener("load", () => {
		if (!drawn) setShape(image.naturalWidth, image.naturalHeight);
	});
	image.addEventListener("error", () => {
		if (!image.hasAttribute("src")) return;
		// The engine reads more kinds of file than browsers show; the map is still worth seeing.
		stage.classList.add("plain");
		note.textContent =
			"This browser cannot show this kind of photo, so the anomaly map lies on a plain ground.";
	});
}
