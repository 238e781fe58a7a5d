// The verdict on the selected photo, in words and in one figure.
import { byId, write } from "./elements.js";
import { asScore } from "./figures.js";
import { type Outcome, resultIn } from "./outcomes.js";
import type { Photo } from "./photos.js";
import type { Workbench } from "./workbench.js";

export type Verdict = "good" | "defect" | "error" | "waiting" | "none";

export function verdictOf(outcome: Outcome | undefined, threshold: number | undefined): Verdict {
	if (!outcome) return "waiting";
	if ("error" in outcome) return "error";
	if (threshold === undefined) return "waiting";
	return outcome.result.inspection.score > threshold ? "defect" : "good";
}

export const verdictWords: Record<Verdict, string> = {
	good: "No defect found",
	defect: "Defect",
	error: "Not inspected",
	waiting: "Waiting",
	none: "No photo yet",
};

function textFor(outcome: Outcome | undefined, threshold: number | undefined): string {
	if (!outcome) return "";
	if ("error" in outcome) return outcome.error;
	if (threshold === undefined) return "";
	const { score } = outcome.result.inspection;
	const distance = asScore(Math.abs(score - threshold));
	return score > threshold ? `${distance} above the threshold` : `${distance} below the threshold`;
}

/** The verdict on the selected photo in a line of its own; empty while there is none. */
export function verdictLine(bench: Workbench): string {
	const { selected } = bench.album;
	const { threshold } = bench.current;
	const outcome = selected && bench.album.outcome(selected);
	if (!outcome) return "";
	const start = `${selected.name}: ${verdictWords[verdictOf(outcome, threshold)]}`;
	if ("error" in outcome) return `${start}. ${outcome.error}`;
	const { score, notes } = outcome.result.inspection;
	return [`${start}, score ${asScore(score)}.`, ...notes].join(" ");
}

function stateOf(bench: Workbench, photo: Photo): string {
	if (!bench.current.category) return "Waiting for a model";
	if (bench.queue.isInspected(photo)) return "Inspecting…";
	return bench.queue.isWaiting(photo) ? "Waiting" : "Not inspected yet";
}

export function renderVerdict(bench: Workbench): void {
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
	const notes = resultIn(outcome)?.inspection.notes ?? [];
	write(byId("verdict-notes", "p"), notes.join(" "));
}
