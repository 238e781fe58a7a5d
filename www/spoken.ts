// The lines that a screen reader reads by itself: verdict and news, but not each step of the work.
import { byId, write } from "./elements.js";
import { verdictLine } from "./verdict.js";
import type { Workbench } from "./workbench.js";

export function renderSpoken(bench: Workbench): void {
	write(byId("spoken-verdict", "p"), verdictLine(bench));
	write(byId("spoken-news", "p"), bench.queue.work ? "" : bench.queue.trouble || bench.queue.news);
}
