import { expect, test } from "vitest";
import { haulOf } from "../brought-files.js";

function fileEntry(fullPath: string, file: File | undefined) {
	const read = (resolve: (file: File) => void, reject: (cause: unknown) => void) =>
		file ? resolve(file) : reject(new DOMException("Gone.", "NotFoundError"));
	return { name: fullPath.slice(fullPath.lastIndexOf("/") + 1), fullPath, isDirectory: false, file: read };
}

/** A folder whose reader hands out two entries at a time, as a browser hands out a hundred. */
function folderEntry(fullPath: string, entries: object[]) {
	const createReader = () => {
		const left = [...entries];
		return { readEntries: (resolve: (entries: object[]) => void) => resolve(left.splice(0, 2)) };
	};
	return { name: fullPath.slice(fullPath.lastIndexOf("/") + 1), fullPath, isDirectory: true, createReader };
}

function dropped(entries: object[]): DataTransfer {
	const items = entries.map((entry) => ({ webkitGetAsEntry: () => entry }));
	return { files: [], items } as unknown as DataTransfer;
}

const photo = new File(["-"], "a.jpg");

test("a folder is read to its end, with the folders in it and without hidden ones", async () => {
	const inner = folderEntry("/lot/inner", [fileEntry("/lot/inner/3.jpg", photo)]);
	const hidden = folderEntry("/lot/.git", [fileEntry("/lot/.git/4.jpg", photo)]);
	const flat = ["0", "1", "2"].map((name) => fileEntry(`/lot/${name}.jpg`, photo));
	const { haul, folder } = await haulOf(dropped([folderEntry("/lot", [...flat, hidden, inner])]));
	expect(folder).toBe(true);
	expect(haul.found.map(({ path }) => path)).toEqual([
		"lot/0.jpg",
		"lot/1.jpg",
		"lot/2.jpg",
		"lot/inner/3.jpg",
	]);
	expect(haul.unread).toEqual([]);
});

test("a file that cannot be read costs no other, and is named", async () => {
	const entries = [fileEntry("/lot/lost.png", undefined), fileEntry("/lot/a.jpg", photo)];
	const { haul } = await haulOf(dropped([folderEntry("/lot", entries)]));
	expect(haul.found.map(({ path }) => path)).toEqual(["lot/a.jpg"]);
	expect(haul.unread).toEqual(["lot/lost.png"]);
});
