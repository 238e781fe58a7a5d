// What is being done, how far it is, and the button that stops it.
import type { Stage } from "./contract.js";
import { byId } from "./elements.js";
import { asMegabytes } from "./figures.js";
import type { Work, Workbench } from "./workbench.js";

const status = byId("status", "p");
const bar = byId("progress", "progress");

const stageWords: Record<Stage, string> = {
	wasm: "Starting the inspection program",
	device: "Preparing the device",
	extractor: "Loading the extractor",
	texture: "Loading the model",
	inspect: "Inspecting",
};

let news = "";

/** Says something in the status line, where a screen reader hears it too. */
export function say(text: string): void {
	news = text;
	status.textContent = text;
}

function wordsFor({ photo, stage, download, done, of }: Work): string {
	if (download) {
		const total = download.total > 0 ? ` of ${asMegabytes(download.total)}` : "";
		return `Fetching the ${download.what}: ${asMegabytes(download.received)}${total}`;
	}
	const count = of > 1 ? ` (${done + 1} of ${of})` : "";
	const name = photo && stage === "inspect" ? ` ${photo.name}` : "";
	return `${stage ? stageWords[stage] : "Starting"}${name}${count}…`;
}

function renderBar({ download, done, of }: Work): void {
	const known = download ? download.total > 0 : of > 1;
	if (!known) {
		bar.removeAttribute("value");
		return;
	}
	bar.max = download ? download.total : of;
	bar.value = download ? download.received : done;
}

export function renderProgress({ work, trouble }: Workbench): void {
	bar.hidden = !work;
	byId("stop", "button").hidden = !work;
	byId("retry", "button").hidden = trouble === "" || work !== undefined;
	status.classList.toggle("trouble", trouble !== "" && !work);
	if (work) renderBar(work);
	const text = work ? wordsFor(work) : trouble || news;
	if (status.textContent !== text) status.textContent = text;
}

export function wireProgress(bench: Workbench): void {
	byId("stop", "button").addEventListener("click", () => {
		bench.stop();
		say("Stopped.");
		bench.changed();
	});
	byId("retry", "button").addEventListener("click", () => bench.retry());
}
