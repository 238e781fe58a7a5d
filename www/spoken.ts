// The lines that a screen reader reads by itself: verdict and news, but not each step of the work.
import { byId, write } from "./elements.js";
import { notesOn, verdictLine } from "./verdict.js";
import type { Workbench } from "./workbench.js";

export function renderSpoken(bench: Workbench): void {
	const { selected } = bench.album;
	const outcome = selected && bench.album.outcome(selected);
	const notes = notesOn(outcome, bench.current.threshold);
	write(byId("spoken-verdict", "p"), [verdictLine(bench), ...notes].join(" "));
	write(byId("spoken-news", "p"), bench.queue.work ? "" : bench.queue.trouble || bench.queue.news);
}
