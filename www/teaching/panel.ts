// The panel in which a visitor teaches the page a material.
import { type Found, plainly } from "../brought-files.js";
import { byId, make, offer, write } from "../elements.js";
import { asMegabytes } from "../figures.js";
import { fetchB3, offersHub } from "../hub.js";
import { kindOf } from "../kinds-of-file.js";
import { complain } from "../notices.js";
import { saveFile } from "../save-file.js";
import { sentence } from "../sentence.js";
import type { Workbench } from "../workbench.js";
import type { DefectPicture } from "./contract.js";
import type { GoodSample } from "./good-samples.js";
import { renderLosses } from "./losses-chart.js";
import type { Doing, Teacher } from "./teacher.js";

const panel = byId("teach", "section");
const opener = byId("new-material", "button");
const chooser = byId("good-files", "input");
const camera = byId("good-camera", "input");
const gallery = byId("good-samples", "ul");
const title = byId("material-name", "input");
const settings = byId("teach-settings", "input");
const learn = byId("learn", "button");
const pause = byId("teach-pause", "button");
const cancel = byId("teach-cancel", "button");
const save = byId("save-model", "button");
const status = byId("teach-status", "p");
const bar = byId("teach-progress", "progress");
const course = byId("teach-course", "div");
const defects = byId("teach-defects", "ul");
const extractors = byId("teach-extractor", "select");
const keptList = byId("kept", "ul");

const items = new Map<GoodSample, { root: HTMLElement; address: string }>();
let drawn: DefectPicture | undefined;
let keptNames = "";

/** True where photos that are pasted are meant as good samples. */
export function takesPasted({ teacher }: Workbench): boolean {
	return !panel.hidden && !teacher.busy;
}

/** True where this event is on the panel, so that dropped photos are good samples. */
export function isOnPanel(event: Event): boolean {
	return event.target instanceof Node && panel.contains(event.target);
}

/** Takes the photos among the files as good samples. */
export function takeGoodSamples({ teacher, queue }: Workbench, found: Found[]): void {
	const photos = found.filter(({ file }) => kindOf(file) === "photo");
	const models = found.filter(({ file }) => kindOf(file) === "model").map(({ file }) => file);
	if (models.length > 0) queue.addModels(models);
	const others = found.length - photos.length - models.length;
	if (others > 0) complain(`${others} of the files ${others === 1 ? "is no photo" : "are no photos"}.`);
	if (photos.length === 0) return;
	if (teacher.busy) complain("Photos can be added when the learning has ended.");
	else if (queue.held) complain("Photos can be added when the measuring has ended.");
	else teacher.samples.add(photos);
}

function makeItem(bench: Workbench, sample: GoodSample): { root: HTMLElement; address: string } {
	const remove = make("button", { type: "button", "aria-label": `Remove ${sample.path}` }, "×");
	remove.addEventListener("click", () => {
		const next = gallery.contains(document.activeElement) ? chooser : undefined;
		bench.teacher.samples.remove(sample);
		next?.focus();
	});
	const picture = make("span", { class: "good-picture", "aria-hidden": "true" });
	const root = make(
		"li",
		{ title: sample.path },
		picture,
		make("span", { class: "good-name" }, sample.path),
		remove,
	);
	return { root, address: "" };
}

function renderGallery(bench: Workbench): void {
	const { all } = bench.teacher.samples;
	const current = new Set(all);
	for (const [sample, { root, address }] of items) {
		if (current.has(sample)) continue;
		URL.revokeObjectURL(address);
		root.remove();
		items.delete(sample);
	}
	for (const sample of all) {
		let item = items.get(sample);
		if (!item) {
			item = makeItem(bench, sample);
			items.set(sample, item);
			gallery.append(item.root);
		}
		item.root.classList.toggle("trouble", sample.problem !== "");
		const remove = item.root.querySelector("button");
		if (remove) remove.disabled = bench.teacher.busy;
		const note = sample.problem || sample.remark;
		item.root.classList.toggle("remarked", sample.remark !== "");
		write(item.root.children[1] as HTMLElement, note === "" ? sample.path : `${sample.path}: ${note}`);
		if (sample.thumbnail && item.address === "") {
			item.address = URL.createObjectURL(sample.thumbnail);
			item.root.firstElementChild?.replaceChildren(make("img", { src: item.address, alt: "" }));
		}
	}
	gallery.hidden = all.length === 0;
}

const words: Record<Doing["what"], string> = {
	photos: "Looking at the good photos",
	defects: "Making synthetic defects, to learn what good photos do not have",
	step: "Training, step",
};

function seconds(milliseconds: number): string {
	const whole = Math.max(1, Math.round(milliseconds / 1000));
	return whole < 90 ? `${whole} s` : `${Math.round(whole / 60)} min`;
}

function wordsFor({ what, done, of, since }: Doing): string {
	const each = (performance.now() - since) / Math.max(done, 1);
	const left = done > 0 ? `, ${seconds(each * (of - done))} left` : "";
	return `${words[what]}: ${done} of ${of}${left}.`;
}

function statusOf(teacher: Teacher): string {
	const { doing, paused, state, samples, trouble, took } = teacher;
	if (trouble !== "") return trouble;
	const usable = samples.usable.length;
	if (teacher.busy) {
		const first = state === "idle" ? "" : "A first model is in use: you can inspect with it. ";
		const now = doing ? wordsFor(doing) : "Starting.";
		return `${first}${paused ? "Paused. " : ""}${now}`;
	}
	if (state === "done" && took !== undefined) {
		const changed =
			usable !== teacher.learnt ? " The photos were changed since: learn again to use them." : "";
		return `Learnt from ${teacher.learnt} photos in ${seconds(took)}. The model is under “Material”.${changed}`;
	}
	if (state === "quick") return "Cancelled. The first, simpler model is in use.";
	if (teacher.missing !== "") return teacher.missing;
	if (usable >= 20) return `${usable} photos.`;
	return `${usable} photos. The model will take at least 1 of ${usable + 1} good photos for defective: more photos are better.`;
}

function drawPicture({ pixels, width, height }: DefectPicture): HTMLElement {
	const canvas = make("canvas", { width, height, "aria-hidden": "true" });
	canvas.getContext("2d")?.putImageData(new ImageData(pixels, width, height), 0, 0);
	return make("li", {}, canvas);
}

function renderCourse({ losses, pictures, busy }: Teacher): void {
	course.hidden = losses.length === 0 && pictures.length === 0;
	if (pictures[0] !== drawn) {
		drawn = pictures[0];
		defects.replaceChildren(...pictures.map(drawPicture));
	}
	byId("teach-defects-block", "div").hidden = pictures.length === 0;
	renderLosses(losses, busy);
}

function renderExtractors({ categories, teacher }: Workbench): void {
	offer(extractors, categories.extractors);
	extractors.value = teacher.extractor?.key ?? "";
	extractors.disabled = teacher.busy;
}

function renderKept(bench: Workbench): void {
	const kept = bench.kept.all;
	byId("kept-block", "div").hidden = kept.length === 0;
	const names = kept.map(({ key }) => key).join();
	if (names === keptNames) return;
	keptNames = names;
	keptList.replaceChildren(
		...kept.map((model) => {
			const remove = make("button", { type: "button", "aria-label": `Delete ${model.title}` }, "Delete");
			remove.addEventListener("click", () => {
				void bench.letGo(model).then(() => opener.focus());
			});
			const size = make("span", { class: "quiet" }, asMegabytes(model.keptBytes ?? 0));
			return make("li", {}, make("span", {}, model.title), size, remove);
		}),
	);
}

export function renderTeaching(bench: Workbench): void {
	const { teacher } = bench;
	byId("main", "main").dataset.teaching = teacher.state;
	opener.setAttribute("aria-expanded", String(!panel.hidden));
	renderGallery(bench);
	write(status, statusOf(teacher));
	status.classList.toggle("trouble", teacher.trouble !== "");
	const { doing, busy } = teacher;
	bar.hidden = !busy;
	if (doing) {
		bar.max = doing.of;
		bar.value = doing.done;
	} else bar.removeAttribute("value");
	const learns = document.activeElement === learn;
	learn.disabled = busy || teacher.missing !== "" || bench.queue.held;
	chooser.disabled = busy;
	title.disabled = busy;
	settings.disabled = busy;
	const focused = [pause, cancel].includes(document.activeElement as HTMLButtonElement);
	pause.hidden = !busy;
	cancel.hidden = !busy;
	if (learns && busy) pause.focus();
	// The focus would be lost with the buttons that go.
	if (focused && !busy) (learn.disabled ? opener : learn).focus();
	write(pause, teacher.paused ? "Go on" : "Pause");
	save.disabled = !teacher.model;
	renderExtractors(bench);
	renderCourse(teacher);
	renderKept(bench);
}

async function download({ model }: Teacher): Promise<void> {
	if (model) saveFile(`${model.title}.safetensors`, await model.file());
}

function wireHub(bench: Workbench): void {
	const [opens, terms, get] = [byId("hub", "button"), byId("hub-offer", "div"), byId("hub-fetch", "button")];
	opens.hidden = !offersHub;
	opens.addEventListener("click", () => {
		terms.hidden = !terms.hidden;
		opens.setAttribute("aria-expanded", String(!terms.hidden));
	});
	get.addEventListener("click", async () => {
		get.disabled = true;
		try {
			bench.queue.addModels([await fetchB3(new AbortController().signal)]);
			terms.hidden = true;
			opens.setAttribute("aria-expanded", "false");
			opens.focus();
		} catch (cause) {
			complain(sentence(cause));
		}
		get.disabled = false;
	});
}

export function wireTeaching(bench: Workbench): void {
	const { teacher } = bench;
	opener.addEventListener("click", () => {
		panel.hidden = !panel.hidden;
		if (!panel.hidden) panel.scrollIntoView({ block: "nearest" });
		renderTeaching(bench);
	});
	for (const input of [chooser, camera]) {
		input.addEventListener("change", () => {
			const { found } = plainly(input.files ?? []);
			// Without this, choosing the same file again would be no change.
			input.value = "";
			takeGoodSamples(bench, found);
		});
	}
	byId("good-photograph", "button").addEventListener("click", () => camera.click());
	wireHub(bench);
	settings.addEventListener("input", () => {
		teacher.settings = settings.value;
	});
	extractors.addEventListener("change", () => {
		teacher.extractorKey = extractors.value;
	});
	title.addEventListener("input", () => {
		teacher.name = title.value;
	});
	learn.addEventListener("click", () => void teacher.learn());
	pause.addEventListener("click", () => teacher.pause(!teacher.paused));
	cancel.addEventListener("click", () => teacher.cancel());
	save.addEventListener("click", () => void download(teacher));
}
