// The selected photo's verdict and score, beside the photo.
import type { Unlikeness } from "./contract.js";
import { byId, write } from "./elements.js";
import { asScore } from "./figures.js";
import type { Outcome } from "./outcomes.js";
import type { Photo } from "./photos.js";
import { notesOn, verdictOf, verdictWords } from "./verdict.js";
import type { Workbench } from "./workbench.js";

/** Why a photo is unlike the good photos whatever its score. */
const whyUnlike: Partial<Record<Unlikeness, string>> = {
	throughout: "The map is higher than on good photos almost everywhere. The score does not count.",
	proportions: "The proportions are not those of the good photos. The score does not count.",
};

function textFor(outcome: Outcome | undefined, threshold: number | undefined): string {
	if (!outcome) return "";
	if ("error" in outcome) return outcome.error;
	if (threshold === undefined) return "";
	switch (verdictOf(outcome, threshold)) {
		case "good":
			return `Not above the threshold of ${asScore(threshold)}.`;
		case "defect":
			return `Above the threshold of ${asScore(threshold)}. The score comes from the place in the ring.`;
		default:
			return (
				whyUnlike[outcome.result.inspection.unlike] ??
				`Above the threshold of ${asScore(threshold)}, over most of the photo.`
			);
	}
}

function stateOf(bench: Workbench, photo: Photo): string {
	if (!bench.current.category) return "Waiting for a model";
	if (bench.queue.isInspected(photo)) return "Inspecting…";
	return bench.queue.isWaiting(photo) ? "Waiting" : "Not inspected yet";
}

export function renderReadout(bench: Workbench): void {
	const { selected } = bench.album;
	const { threshold } = bench.current;
	const outcome = selected && bench.album.outcome(selected);
	const verdict = selected ? verdictOf(outcome, threshold) : "none";
	byId("verdict", "div").dataset.verdict = verdict;
	byId("verdict-name", "p").textContent = selected?.name ?? "";
	const word = selected && verdict === "waiting" ? stateOf(bench, selected) : verdictWords[verdict];
	byId("verdict-word", "p").textContent = word;
	byId("score", "span").textContent =
		outcome && "result" in outcome ? asScore(outcome.result.inspection.score) : "–";
	byId("verdict-text", "p").textContent = textFor(outcome, threshold);
	write(byId("verdict-notes", "p"), notesOn(outcome, threshold).join(" "));
}
