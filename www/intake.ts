// Takes the files that a visitor drops anywhere, pastes or chooses.

import { type Found, type Haul, haulOf, plainly } from "./brought-files.js";
import { byId } from "./elements.js";
import { ofUsableSize } from "./file-size.js";
import { type Kind, kindOf } from "./kinds-of-file.js";
import { clearComplaints, complain } from "./notices.js";
import { photoFrom } from "./photos.js";
import { isOnPanel, takeGoodSamples, takesPasted } from "./teaching/panel.js";
import type { Workbench } from "./workbench.js";

const cover = byId("drop-cover", "div");
const chooser = byId("files", "input");

/** Offers of one drop. More of them would push the page out of view. */
const mostOffers = 2;

const order = new Intl.Collator(undefined, { numeric: true });

function inFolder({ path }: Found): boolean {
	return path.includes("/");
}

function take(bench: Workbench, { found, unread }: Haul): void {
	clearComplaints();
	if (unread.length > 0) complain(`Could not be read, and left out: ${listed(unread)}.`);
	// People count so: photo 2 comes before photo 10. Browsers hand files over in any order.
	found.sort((a, b) => order.compare(a.path, b.path));
	const ofKind = (kind: Kind) => found.filter(({ file }) => kindOf(file) === kind);
	tellOfOthers(ofKind("neither"));
	takeModels(bench, ofKind("model"));
	const photos = ofKind("photo");
	if (photos.length === 0) return;
	bench.addPhotos(photos.map(({ path, file }) => photoFrom(path, async () => ofUsableSize(file))));
}

function tellOfOthers(others: Found[]): void {
	const [first] = others;
	if (!first) return;
	const named = listed(others.map(({ path }) => path));
	complain(others.length === 1 ? `${named} is no photo.` : `${others.length} files are no photos: ${named}.`);
}

/** Loads dropped models. One that lies in a folder may be there by chance: it is only offered. */
function takeModels(bench: Workbench, models: Found[]): void {
	// An extractor, which is the larger file, comes before the models made with it.
	const chosen = models.filter((model) => !inFolder(model)).map(({ file }) => file);
	chosen.sort((a, b) => b.size - a.size);
	if (chosen.length > 0) bench.queue.addModels(chosen);
	const offered = models.filter(inFolder);
	if (offered.length > mostOffers) {
		const named = listed(offered.map(({ path }) => path));
		complain(
			`There are ${offered.length} model files in the folder: ${named}. Drop the one that you want by itself.`,
		);
		return;
	}
	for (const { path, file } of offered) {
		const use = { label: "Use it", act: () => bench.queue.addModels([file]) };
		complain(`There is a model file in the folder: ${path}.`, use);
	}
}

function listed(names: string[]): string {
	const others = names.length > 5 ? ` and ${names.length - 5} more` : "";
	return `${names.slice(0, 5).join(", ")}${others}`;
}

async function takeFrom(bench: Workbench, data: DataTransfer | null, asGood: boolean): Promise<void> {
	if (!data) return;
	const { haul, folder } = await haulOf(data);
	if (asGood && haul.found.length + haul.unread.length > 0) {
		if (haul.unread.length > 0) complain(`Could not be read, and left out: ${listed(haul.unread)}.`);
		takeGoodSamples(bench, haul.found);
	} else if (haul.found.length + haul.unread.length > 0) take(bench, haul);
	else if (folder) complain("There is no file in that folder.");
	else complain("That was no file. Save the photo first, then drop the file.");
}

function carriesFiles(event: DragEvent): boolean {
	return event.dataTransfer?.types.includes("Files") ?? false;
}

/** Milliseconds; browsers leave up to 550 between one `dragover` and the next. */
const dragPause = 800;

function wireDrop(bench: Workbench): void {
	let left: ReturnType<typeof setTimeout> | undefined;
	const hide = () => {
		clearTimeout(left);
		cover.hidden = true;
	};
	// `dragover` comes again and again while files are over the page, so its end means that they have left. `dragleave`
	// is no help: it comes for every element passed, and never for an element that is removed meanwhile.
	window.addEventListener("dragover", (event) => {
		event.preventDefault();
		if (!carriesFiles(event)) return;
		clearTimeout(left);
		left = setTimeout(hide, dragPause);
		cover.hidden = false;
	});
	window.addEventListener("drop", (event) => {
		event.preventDefault();
		hide();
		void takeFrom(bench, event.dataTransfer, isOnPanel(event));
	});
}

export function wireIntake(bench: Workbench): void {
	wireDrop(bench);
	window.addEventListener("paste", (event) => {
		if ((event.clipboardData?.files.length ?? 0) > 0)
			void takeFrom(bench, event.clipboardData, takesPasted(bench));
	});
	byId("open", "button").addEventListener("click", () => chooser.click());
	chooser.addEventListener("change", () => {
		const haul = plainly(chooser.files ?? []);
		// Without this, choosing the same file again would be no change.
		chooser.value = "";
		if (haul.found.length > 0) take(bench, haul);
	});
}
