// The results strip: one small picture per photo, chosen by click or arrow keys.
import { byId, make, write } from "./elements.js";
import { asScore } from "./figures.js";
import { resultIn } from "./outcomes.js";
import type { Photo } from "./photos.js";
import { type Verdict, verdictOf, verdictWords } from "./verdict.js";
import type { Workbench } from "./workbench.js";

const strip = byId("strip", "div");
const totals = byId("totals", "p");

interface Tile {
	root: HTMLElement;
	picture: HTMLElement;
	/** Object URL of the thumbnail. Empty before there is one. */
	address: string;
	score: HTMLElement;
	word: HTMLElement;
}

const tiles = new Map<Photo, Tile>();
let shown: Photo | undefined;

function makeTile(bench: Workbench, photo: Photo): Tile {
	const picture = make("span", { class: "tile-picture", "aria-hidden": "true" });
	const score = make("span", { class: "tile-score figure" });
	const word = make("span", { class: "tile-word" });
	const name = make("span", { class: "tile-name" }, photo.name);
	const root = make("div", { role: "option", class: "tile", title: photo.name }, picture, name, word, score);
	root.addEventListener("click", () => bench.select(photo));
	return { root, picture, address: "", score, word };
}

function showThumbnail(tile: Tile, thumbnail: Blob | undefined): void {
	if (!thumbnail) return;
	tile.address = URL.createObjectURL(thumbnail);
	// A lazy image is not decoded before it is scrolled to.
	tile.picture.replaceChildren(
		make("img", { src: tile.address, alt: "", loading: "lazy", decoding: "async" }),
	);
}

function wordFor(bench: Workbench, photo: Photo): string {
	const outcome = bench.album.outcome(photo);
	if (outcome && "error" in outcome) return outcome.error;
	if (outcome) return verdictWords[verdictOf(outcome, bench.current.threshold)];
	if (bench.queue.isInspected(photo)) return "Inspecting…";
	return bench.queue.isWaiting(photo) ? "Waiting" : "Not inspected";
}

function renderTile(bench: Workbench, photo: Photo, tile: Tile, reachable: boolean): void {
	const { root, score, word } = tile;
	const outcome = bench.album.outcome(photo);
	const selected = photo === bench.album.selected;
	root.dataset.verdict = bench.queue.isInspected(photo)
		? "working"
		: verdictOf(outcome, bench.current.threshold);
	root.setAttribute("aria-selected", String(selected));
	root.tabIndex = reachable ? 0 : -1;
	const result = resultIn(outcome);
	write(word, wordFor(bench, photo));
	write(score, result ? asScore(result.inspection.score) : "");
	if (tile.address === "") showThumbnail(tile, bench.album.previews.thumbnail(photo));
}

/** Scrolls along the strip alone: the page stays where it is. */
function reveal({ root }: Tile): void {
	const tile = root.getBoundingClientRect();
	const room = strip.getBoundingClientRect();
	strip.scrollLeft += Math.max(0, tile.right - room.right) + Math.min(0, tile.left - room.left);
}

const totalWords: Partial<Record<Verdict, string>> = {
	good: "without a defect found",
	defect: "with a defect",
	unlike: "unlike the good photos",
	error: "not inspected",
};

/** Numbers of photos by verdict, which a long strip does not show at a glance. */
function renderTotals(bench: Workbench, photos: readonly Photo[]): void {
	const verdicts = photos.map((photo) => verdictOf(bench.album.outcome(photo), bench.current.threshold));
	const parts = Object.entries(totalWords).flatMap(([verdict, word]) => {
		const count = verdicts.filter((other) => other === verdict).length;
		return count > 0 ? [`${count} ${word}`] : [];
	});
	totals.hidden = photos.length < 2 || parts.length === 0;
	write(totals, `${photos.length} photos: ${parts.join(", ")}.`);
}

export function renderStrip(bench: Workbench): void {
	const { photos, selected } = bench.album;
	const current = new Set(photos);
	for (const [photo, { root, address }] of tiles) {
		if (current.has(photo)) continue;
		URL.revokeObjectURL(address);
		root.remove();
		tiles.delete(photo);
	}
	// The Tab key stops at one tile, from which the arrows lead to the others.
	const entrance = selected ?? photos[0];
	for (const [place, photo] of photos.entries()) {
		const tile = tiles.get(photo) ?? makeTile(bench, photo);
		tiles.set(photo, tile);
		renderTile(bench, photo, tile, photo === entrance);
		// A tile in its place stays there: moving it would take the focus away from it.
		const there = strip.children[place];
		if (there !== tile.root) strip.insertBefore(tile.root, there ?? null);
	}
	strip.hidden = photos.length === 0;
	renderTotals(bench, photos);
	const tile = selected && tiles.get(selected);
	if (tile && selected !== shown) reveal(tile);
	shown = selected;
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
		// With these keys the arrows are the browser's, such as the way back.
		if (event.altKey || event.ctrlKey || event.metaKey) return;
		const { photos, selected } = bench.album;
		const next = step(event.key, selected ? photos.indexOf(selected) : 0, photos.length);
		const photo = next === undefined ? undefined : photos[next];
		if (!photo) return;
		event.preventDefault();
		bench.select(photo);
		tiles.get(photo)?.root.focus();
	});
}
