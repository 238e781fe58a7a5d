// What a screen reader hears by itself: the selected photo's verdict and news, but not each step of the work.
import { byId } from "./elements.js";
import { verdictLine } from "./verdict.js";
import type { Workbench } from "./workbench.js";

function speak(line: HTMLElement, text: string): void {
	// Writing the same again would have it read again.
	if (line.textContent !== text) line.textContent = text;
}

export function renderSpoken(bench: Workbench): void {
	speak(byId("spoken-verdict", "p"), verdictLine(bench));
	speak(byId("spoken-news", "p"), bench.work ? "" : bench.trouble || bench.news);
}
