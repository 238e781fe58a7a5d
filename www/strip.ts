// The results strip: one small picture per photo, chosen by click or arrow keys.
import { byId, make } from "./elements.js";
import { asScore } from "./figures.js";
import { type Photo, thumbnail } from "./photos.js";
import { verdictOf, verdictWords } from "./verdict.js";
import type { Workbench } from "./workbench.js";

const strip = byId("strip", "div");

interface Tile {
	root: HTMLElement;
	score: HTMLElement;
	word: HTMLElement;
}

const tiles = new Map<Photo, Tile>();

function makeTile(bench: Workbench, photo: Photo): Tile {
	const picture = make("span", { class: "tile-picture", "aria-hidden": "true" });
	const score = make("span", { class: "tile-score figure" });
	const word = make("span", { class: "tile-word" });
	const name = make("span", { class: "tile-name" }, photo.name);
	const root = make("div", { role: "option", class: "tile", title: photo.name }, picture, name, word, score);
	root.addEventListener("click", () => bench.select(photo));
	void thumbnail(photo).then((canvas) => picture.replaceChildren(...(canvas ? [canvas] : [])));
	return { root, score, word };
}

function wordFor(bench: Workbench, photo: Photo): string {
	const outcome = bench.outcome(photo);
	if (outcome && "error" in outcome) return outcome.error;
	if (outcome) return verdictWords[verdictOf(outcome, bench.threshold)];
	if (bench.work?.photo === photo) return "Inspecting…";
	return bench.isWaiting(photo) ? "Waiting" : "Not inspected";
}

function renderTile(bench: Workbench, photo: Photo, { root, score, word }: Tile, reachable: boolean): void {
	const outcome = bench.outcome(photo);
	const selected = photo === bench.selected;
	root.dataset.verdict = bench.work?.photo === photo ? "working" : verdictOf(outcome, bench.threshold);
	root.setAttribute("aria-selected", String(selected));
	root.tabIndex = reachable ? 0 : -1;
	word.textContent = wordFor(bench, photo);
	score.textContent = outcome && "result" in outcome ? asScore(outcome.result.inspection.score) : "";
}

function sameOrder(roots: readonly Element[]): boolean {
	return roots.length === strip.children.length && roots.every((root, i) => strip.children[i] === root);
}

export function renderStrip(bench: Workbench): void {
	const { photos } = bench;
	const current = new Set(photos);
	for (const photo of tiles.keys()) if (!current.has(photo)) tiles.delete(photo);
	// One tile is on the way of the Tab key, from which the arrows lead to the others.
	const entrance = bench.selected ?? photos[0];
	const roots = photos.map((photo) => {
		const tile = tiles.get(photo) ?? makeTile(bench, photo);
		tiles.set(photo, tile);
		renderTile(bench, photo, tile, photo === entrance);
		return tile.root;
	});
	// Moving elements about would take the focus away from them.
	if (!sameOrder(roots)) strip.replaceChildren(...roots);
	strip.hidden = photos.length === 0;
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
		const { photos, selected } = bench;
		const next = step(event.key, selected ? photos.indexOf(selected) : 0, photos.length);
		const photo = next === undefined ? undefined : photos[next];
		if (!photo) return;
		event.preventDefault();
		bench.select(photo);
		const root = tiles.get(photo)?.root;
		root?.focus();
		root?.scrollIntoView({ block: "nearest", inline: "nearest" });
	});
}
