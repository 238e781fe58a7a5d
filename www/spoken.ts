// The lines that a screen reader reads by itself: verdict and news, but not each step of the work.
import { byId, write } from "./elements.js";
import type { Teacher } from "./teaching/teacher.js";
import { notesOn, verdictLine } from "./verdict.js";
import type { Workbench } from "./workbench.js";

/** How far the teaching is, without its steps. It is empty where nothing is taught. */
function newsOfTeaching({ busy, state, trouble }: Teacher): string {
	if (trouble !== "") return trouble;
	if (busy) return state === "idle" ? "Learning." : "A first model is in use. The training goes on.";
	return state === "done" ? "The material is learnt, and its model is in use." : "";
}

export function renderSpoken(bench: Workbench): void {
	const { selected } = bench.album;
	const outcome = selected && bench.album.outcome(selected);
	const notes = notesOn(outcome, bench.current.threshold);
	write(byId("spoken-verdict", "p"), [verdictLine(bench), ...notes].join(" "));
	write(byId("spoken-news", "p"), bench.queue.work ? "" : bench.queue.trouble || bench.queue.news);
	write(byId("spoken-teaching", "p"), newsOfTeaching(bench.teacher));
}
