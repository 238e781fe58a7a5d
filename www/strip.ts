// The results strip: one small picture per photo, chosen by click or arrow keys.
import { byId, make, write } from "./elements.js";
import { asScore } from "./figures.js";
import { resultIn } from "./outcomes.js";
import { type Photo, thumbnail } from "./photos.js";
import { verdictOf, verdictWords } from "./verdict.js";
import type { Workbench } from "./workbench.js";

const strip = byId("strip", "div");

interface Tile {
	root: HTMLElement;
	picture: HTMLElement;
	/** Whether its picture is still to be made; missing where the file could not be had. */
	state: "wanted" | "settled" | "missing";
	score: HTMLElement;
	word: HTMLElement;
}

const tiles = new Map<Photo, Tile>();
let drawing = false;
let shown: Photo | undefined;

function makeTile(bench: Workbench, photo: Photo): Tile {
	const picture = make("span", { class: "tile-picture", "aria-hidden": "true" });
	const score = make("span", { class: "tile-score figure" });
	const word = make("span", { class: "tile-word" });
	const name = make("span", { class: "tile-name" }, photo.name);
	const root = make("div", { role: "option", class: "tile", title: photo.name }, picture, name, word, score);
	root.addEventListener("click", () => bench.select(photo));
	return { root, picture, state: "wanted", score, word };
}

function nextWithout(): [Photo, Tile] | undefined {
	for (const entry of tiles) if (entry[1].state === "wanted") return entry;
	return undefined;
}

async function drawPicture(photo: Photo, tile: Tile): Promise<void> {
	tile.state = "settled";
	const file = await photo.file().catch(() => undefined);
	if (!file) {
		tile.state = "missing";
		return;
	}
	// The engine reads more kinds of file than browsers show.
	const canvas = await thumbnail(file).catch(() => undefined);
	if (canvas) tile.picture.replaceChildren(canvas);
}

/** Makes the pictures that are missing one after the other, up to a timing, which has the processor to itself. */
async function drawPictures(bench: Workbench): Promise<void> {
	if (drawing) return;
	drawing = true;
	for (let next = nextWithout(); next && !bench.held; next = nextWithout()) await drawPicture(...next);
	drawing = false;
}

function wordFor(bench: Workbench, photo: Photo): string {
	const outcome = bench.outcome(photo);
	if (outcome && "error" in outcome) return outcome.error;
	if (outcome) return verdictWords[verdictOf(outcome, bench.threshold)];
	if (bench.work?.photo === photo) return "Inspecting…";
	return bench.isWaiting(photo) ? "Waiting" : "Not inspected";
}

function renderTile(bench: Workbench, photo: Photo, tile: Tile, reachable: boolean): void {
	const { root, score, word } = tile;
	const outcome = bench.outcome(photo);
	const selected = photo === bench.selected;
	root.dataset.verdict = bench.work?.photo === photo ? "working" : verdictOf(outcome, bench.threshold);
	root.setAttribute("aria-selected", String(selected));
	root.tabIndex = reachable ? 0 : -1;
	const result = resultIn(outcome);
	write(word, wordFor(bench, photo));
	write(score, result ? asScore(result.inspection.score) : "");
	// A file that was missing is there where it was inspected since.
	if (tile.state === "missing" && result) tile.state = "wanted";
}

/** Scrolls along the strip alone: the page stays where it is. */
function reveal({ root }: Tile): void {
	const tile = root.getBoundingClientRect();
	const room = strip.getBoundingClientRect();
	strip.scrollLeft += Math.max(0, tile.right - room.right) + Math.min(0, tile.left - room.left);
}

export function renderStrip(bench: Workbench): void {
	const { photos } = bench;
	const current = new Set(photos);
	for (const [photo, { root }] of tiles) {
		if (current.has(photo)) continue;
		root.remove();
		tiles.delete(photo);
	}
	// One tile is on the way of the Tab key, from which the arrows lead to the others.
	const entrance = bench.selected ?? photos[0];
	for (const [place, photo] of photos.entries()) {
		const tile = tiles.get(photo) ?? makeTile(bench, photo);
		tiles.set(photo, tile);
		renderTile(bench, photo, tile, photo === entrance);
		// Those that are in their place stay: moving one would take the focus away from it.
		const there = strip.children[place];
		if (there !== tile.root) strip.insertBefore(tile.root, there ?? null);
	}
	strip.hidden = photos.length === 0;
	const tile = bench.selected && tiles.get(bench.selected);
	if (tile && bench.selected !== shown) reveal(tile);
	shown = bench.selected;
	void drawPictures(bench);
}

function step(key: string, now: number, count: number): number | undefined {
	switch (key) {
		case "ArrowRight":
		case "ArrowDown":
			return Math.min(count - 1, now + 1);
		case "ArrowLeft":
		case "ArrowUp":
			return Math.max(0, now - 1);
		case "Home":
			return 0;
		case "End":
			return count - 1;
		case "Enter":
		case " ":
			return now;
		default:
			return undefined;
	}
}

export function wireStrip(bench: Workbench): void {
	strip.addEventListener("keydown", (event) => {
		// Those are the browser's own, such as the way back.
		if (event.altKey || event.ctrlKey || event.metaKey) return;
		const { photos, selected } = bench;
		const next = step(event.key, selected ? photos.indexOf(selected) : 0, photos.length);
		const photo = next === undefined ? undefined : photos[next];
		if (!photo) return;
		event.preventDefault();
		bench.select(photo);
		tiles.get(photo)?.root.focus();
	});
}
