// Every way in for files: dropped anywhere, pasted, or chosen.
import { byId } from "./elements.js";
import { clearComplaints, complain } from "./notices.js";
import { photoFrom } from "./photos.js";
import type { Workbench } from "./workbench.js";

const cover = byId("drop-cover", "div");
const chooser = byId("files", "input");

function isModel({ name }: File): boolean {
	return name.toLowerCase().endsWith(".safetensors");
}

async function take(bench: Workbench, files: File[]): Promise<void> {
	clearComplaints();
	// One after the other: an extractor and the models made with it may come in one drop.
	const models = files.filter(isModel).sort((a, b) => b.size - a.size);
	for (const model of models) await bench.addModel(model);
	const photos = files.filter((file) => !isModel(file));
	if (photos.length === 0) return;
	bench.addPhotos(photos.map((file) => photoFrom(file.name, async () => file)));
}

async function readFolder(folder: FileSystemDirectoryEntry): Promise<File[]> {
	const reader = folder.createReader();
	const found: File[] = [];
	// Browsers hand out a long folder in parts, and end with an empty one.
	for (;;) {
		const entries = await new Promise<FileSystemEntry[]>((resolve, reject) => {
			reader.readEntries(resolve, reject);
		});
		if (entries.length === 0) return found;
		for (const entry of entries) found.push(...(await readEntry(entry)));
	}
}

async function readEntry(entry: FileSystemEntry): Promise<File[]> {
	if (entry.name.startsWith(".")) return [];
	if (entry.isDirectory) return readFolder(entry as FileSystemDirectoryEntry);
	return [await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject))];
}

async function filesIn(data: DataTransfer): Promise<File[]> {
	// Both must be read before the first wait, after which the browser empties them.
	const plain = [...data.files];
	const entries = [...data.items].map((item) => item.webkitGetAsEntry?.() ?? undefined);
	if (!entries.some((entry) => entry?.isDirectory)) return plain;
	const nested = await Promise.all(entries.map((entry) => (entry ? readEntry(entry) : [])));
	return nested.flat();
}

async function takeFrom(bench: Workbench, data: DataTransfer | null): Promise<void> {
	if (!data) return;
	try {
		const files = await filesIn(data);
		if (files.length > 0) await take(bench, files);
		else complain("That was no file. Save the photo first, then drop the file.");
	} catch {
		complain("The dropped folder could not be read.");
	}
}

function carriesFiles(event: DragEvent): boolean {
	return event.dataTransfer?.types.includes("Files") ?? false;
}

function wireDrop(bench: Workbench): void {
	// Enter and leave come for every element passed, so they are counted.
	let depth = 0;
	const show = () => {
		cover.hidden = depth === 0;
	};
	window.addEventListener("dragenter", (event) => {
		if (!carriesFiles(event)) return;
		depth += 1;
		show();
	});
	window.addEventListener("dragleave", (event) => {
		if (!carriesFiles(event)) return;
		depth = Math.max(0, depth - 1);
		show();
	});
	window.addEventListener("dragover", (event) => event.preventDefault());
	window.addEventListener("drop", (event) => {
		event.preventDefault();
		depth = 0;
		show();
		void takeFrom(bench, event.dataTransfer);
	});
}

export function wireIntake(bench: Workbench): void {
	wireDrop(bench);
	window.addEventListener("paste", (event) => {
		if ((event.clipboardData?.files.length ?? 0) > 0) void takeFrom(bench, event.clipboardData);
	});
	byId("open", "button").addEventListener("click", () => chooser.click());
	chooser.addEventListener("change", () => {
		const files = [...(chooser.files ?? [])];
		// So that the same file can be chosen again.
		chooser.value = "";
		if (files.length > 0) void take(bench, files);
	});
}
