// The selected photo with its anomaly map over it.

import { type AnomalyMap, isPartial, type Peak, peakOf, type Scale, valueAt } from "./anomaly-map.js";
import type { Picture } from "./contract.js";
import { byId } from "./elements.js";
import { asScore } from "./figures.js";
import { drawLegend, drawMap } from "./heatmap.js";
import { type Result, resultIn } from "./outcomes.js";
import type { Photo } from "./photos.js";
import { verdictOf } from "./verdict.js";
import type { Workbench } from "./workbench.js";

const stage = byId("stage", "div");
const scroller = byId("stage-scroll", "div");
const image = byId("photo", "canvas");
const canvas = byId("heatmap", "canvas");
const ring = byId("ring", "div");
const edge = byId("scale-edge", "i");
const pointed = byId("pointed", "output");
const empty = byId("empty", "div");
const note = byId("viewer-note", "figcaption");
const opacity = byId("opacity", "input");

let shown: Photo | undefined;
/** The picture that is drawn for `shown`. It stays when the album lets it go. */
let picture: Picture | undefined;
/** The result that is drawn, with the map as it was then: the result may get a coarse one later. */
let drawn: { result: Result; map: AnomalyMap } | undefined;

function setShape(width: number, height: number): void {
	stage.style.setProperty("--shape", String(width / height));
}

function drawPicture(next: Picture, photo: Photo): void {
	const { pixels, width, height } = next;
	picture = next;
	image.width = width;
	image.height = height;
	image.getContext("2d")?.putImageData(new ImageData(pixels, width, height), 0, 0);
	image.setAttribute("aria-label", `Photo ${photo.name}`);
	image.hidden = false;
	setShape(width, height);
}

/** Shows another photo. The picture before it must not lie under its name and map. */
function change(photo: Photo | undefined): void {
	shown = photo;
	picture = undefined;
	image.hidden = true;
	// Shrunk, since a canvas holds its pixels until it has others.
	image.width = 1;
	image.height = 1;
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
	setShape(result.inspection.width, result.inspection.height);
	drawMap(canvas, map, own);
	canvas.setAttribute("aria-label", describe(peak));
	canvas.hidden = false;
	showScale(own, isPartial(map));
	scrollTo(result.inspection.peak_x, result.inspection.peak_y);
}

/** Brings a place of a photo that is larger than the view into its middle. */
function scrollTo(x: number, y: number): void {
	scroller.scrollLeft = x * stage.offsetWidth - scroller.clientWidth / 2;
	scroller.scrollTop = y * stage.offsetHeight - scroller.clientHeight / 2;
	// A region that scrolls must be reached by the keyboard.
	const scrolls =
		scroller.scrollWidth > scroller.clientWidth + 1 || scroller.scrollHeight > scroller.clientHeight + 1;
	if (scrolls) scroller.tabIndex = 0;
	else scroller.removeAttribute("tabindex");
}

function showScale(scale: Scale | undefined, partial: boolean): void {
	byId("scale-low", "span").textContent = scale ? asScore(scale.low) : "";
	byId("scale-high", "span").textContent = scale ? asScore(scale.high) : "";
	byId("partial", "span").hidden = !partial;
}

/** Share of the photo’s shorter side that the ring around the place of the score is wide. */
const ringWidth = 0.22;

/** The ring is around a defect. A photo that is unlike as a whole has no such place. */
function showRing(result: Result | undefined, isDefect: boolean): void {
	ring.hidden = !result || !isDefect;
	if (!result) return;
	const { peak_x, peak_y, width, height } = result.inspection;
	ring.style.left = `${100 * peak_x}%`;
	ring.style.top = `${100 * peak_y}%`;
	ring.style.width = `${(100 * ringWidth * Math.min(width, height)) / width}%`;
}

export function renderViewer(bench: Workbench): void {
	const { selected, previews } = bench.album;
	const outcome = selected && bench.album.outcome(selected);
	const result = resultIn(outcome);
	const own = bench.current.category?.info?.map_scale;
	if (selected !== shown) change(selected);
	const known = selected && previews.picture(selected);
	if (selected && known && known !== picture) drawPicture(known, selected);
	note.textContent = selected && !picture ? previews.reason(selected) : "";
	stage.hidden = !selected || (outcome !== undefined && "error" in outcome);
	empty.hidden = selected !== undefined && !stage.hidden;
	note.hidden = stage.hidden;
	// A large map takes time to draw: it is drawn when it is new, not at each change of the page.
	if (result && own && result !== drawn?.result) showResult(result, result.map, own);
	if (!result || result !== drawn?.result) {
		hideMap();
		showScale(own, false);
	}
	showRing(result, verdictOf(outcome, bench.current.threshold) === "defect");
	edge.hidden = !own || !bench.current.category?.info?.has_normal_range || own.low >= 1 || own.high <= 1;
	if (own) edge.style.left = `${(100 * (1 - own.low)) / (own.high - own.low)}%`;
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
}
