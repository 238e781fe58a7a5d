// The verdict on a photo, in a word and in a line.

import type { Unlikeness } from "./contract.js";
import { asScore } from "./figures.js";
import type { Outcome } from "./outcomes.js";
import type { Workbench } from "./workbench.js";

export type Verdict = "good" | "defect" | "unlike" | "error" | "waiting" | "none";

export function verdictOf(outcome: Outcome | undefined, threshold: number | undefined): Verdict {
	if (!outcome) return "waiting";
	if ("error" in outcome) return "error";
	if (threshold === undefined) return "waiting";
	const { score, unlike } = outcome.result.inspection;
	if (isUnlikeAnyway(unlike)) return "unlike";
	if (score <= threshold) return "good";
	return unlike === "most" ? "unlike" : "defect";
}

/** Tells whether a photo is unlike the good photos whatever its score. */
export function isUnlikeAnyway(unlike: Unlikeness): boolean {
	return unlike === "throughout" || unlike === "proportions";
}

export const verdictWords: Record<Verdict, string> = {
	good: "No defect found",
	defect: "Defect",
	unlike: "Unlike the good photos",
	error: "Not inspected",
	waiting: "Waiting",
	none: "No photo yet",
};

/** Sentences about the verdict on a photo. */
export function notesOn(outcome: Outcome | undefined, threshold: number | undefined): string[] {
	if (!outcome || "error" in outcome) return [];
	const { beyond, notes, unlike } = outcome.result.inspection;
	// The notes say it where the photo has another shape.
	if (verdictOf(outcome, threshold) !== "unlike" || unlike === "proportions") return notes;
	const whole = "Most of the photo is unlike the good photos: it may show another material, light or scale.";
	return beyond ? [whole, beyond, ...notes] : [whole, ...notes];
}

/** The verdict on the selected photo in one line, without its notes. It is empty before there is a verdict. */
export function verdictLine(bench: Workbench): string {
	const { selected } = bench.album;
	const { threshold } = bench.current;
	const outcome = selected && bench.album.outcome(selected);
	if (!outcome) return "";
	const start = `${selected.name}: ${verdictWords[verdictOf(outcome, threshold)]}`;
	if ("error" in outcome) return `${start}. ${outcome.error}`;
	const { score } = outcome.result.inspection;
	return `${start}, score ${asScore(score)}.`;
}
