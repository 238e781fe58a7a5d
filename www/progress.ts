// The line and the bar that show the work in progress, and the buttons that stop it and take it up again.
import type { Stage } from "./contract.js";
import { downloads, type Progress } from "./downloads.js";
import { byId, write } from "./elements.js";
import { asMegabytes } from "./figures.js";
import { verdictLine } from "./verdict.js";
import type { Work } from "./work-queue.js";
import type { Workbench } from "./workbench.js";

const status = byId("status", "p");
const bar = byId("progress", "progress");
const stop = byId("stop", "button");
const retry = byId("retry", "button");

const stageWords: Record<Stage, string> = {
	wasm: "Starting the inspection program",
	device: "Preparing the device",
	extractor: "Loading the extractor",
	category: "Loading the model",
	inspect: "Inspecting",
	teach: "Learning",
	contend: "Comparing",
};

function wordsForDownload({ names, received, total }: Progress): string {
	const all = names.length > 1 ? `${names.slice(0, -1).join(", ")} and ${names.at(-1)}` : names.join();
	return `Fetching ${all}: ${asMegabytes(received)}${total > 0 ? ` of ${asMegabytes(total)}` : ""}`;
}

function wordsFor({ photo, decoding, model, stage, done, of }: Work): string {
	if (model) return `Loading ${model.name}…`;
	if (photo && decoding) return `Opening ${photo.name}…`;
	const count = of > 1 ? ` (${done + 1} of ${of})` : "";
	const name = photo && stage === "inspect" ? ` ${photo.name}` : "";
	return `${stage ? stageWords[stage] : "Starting"}${name}${count}…`;
}

function renderBar({ done, of }: Work, download: Progress | undefined): void {
	const known = download ? download.total > 0 : of > 1;
	if (!known) {
		bar.removeAttribute("value");
		return;
	}
	bar.max = download ? download.total : of;
	bar.value = download ? download.received : done;
}

/** The word on the button that takes work up again. It is empty where nothing is left to take up. */
function resumeWord({ album, queue }: Workbench): string {
	const { trouble, unfinished } = queue;
	if (trouble === "" && unfinished.some((photo) => !album.outcome(photo))) return "Inspect the rest";
	return trouble !== "" || unfinished.length > 0 ? "Try again" : "";
}

function renderButtons(bench: Workbench): void {
	const focused = [stop, retry].find((button) => button === document.activeElement);
	const word = bench.queue.work ? "" : resumeWord(bench);
	if (word !== "") write(retry, word);
	stop.hidden = !bench.queue.work;
	retry.hidden = word === "";
	// The focus would be lost with the button that goes.
	if (focused?.hidden) ([stop, retry].find((button) => !button.hidden) ?? byId("open", "button")).focus();
}

export function renderProgress(bench: Workbench): void {
	const { work, trouble, news } = bench.queue;
	bar.hidden = !work;
	status.classList.toggle("trouble", trouble !== "" && !work);
	const { progress } = downloads;
	if (work) renderBar(work, progress);
	const doing = work && (progress ? wordsForDownload(progress) : wordsFor(work));
	const text = doing || trouble || news || verdictLine(bench);
	write(status, text);
	renderButtons(bench);
}

export function wireProgress(bench: Workbench): void {
	stop.addEventListener("click", () => bench.queue.stop());
	retry.addEventListener("click", () => bench.queue.resume());
}
