// The verdict on a photo, in a word and in a line.
import { asScore } from "./figures.js";
import type { Outcome } from "./outcomes.js";
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

/** The verdict on the selected photo in one line. It is empty before there is a verdict. */
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
