// The files that a visitor drops, pastes or chooses, and those in dropped folders.

export interface Found {
	/** Path from the dropped folder on. Photos of different folders often have the same name. */
	path: string;
	file: File;
}

export interface Haul {
	found: Found[];
	/** Paths of files and folders that could not be read. */
	unread: string[];
}

function pathOf({ fullPath }: FileSystemEntry): string {
	return fullPath.replace(/^\//, "");
}

async function readFolder(folder: FileSystemDirectoryEntry, haul: Haul): Promise<void> {
	const reader = folder.createReader();
	// Browsers hand out a long folder in parts, and end with an empty one.
	for (;;) {
		const entries = await new Promise<FileSystemEntry[]>((resolve, reject) => {
			reader.readEntries(resolve, reject);
		});
		if (entries.length === 0) return;
		for (const entry of entries) await readEntry(entry, haul);
	}
}

async function readFile(entry: FileSystemFileEntry, haul: Haul): Promise<void> {
	const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject));
	haul.found.push({ path: pathOf(entry), file });
}

async function readEntry(entry: FileSystemEntry, haul: Haul): Promise<void> {
	// A hidden folder, such as a repository's, may hold thousands of files that are no photos.
	if (entry.isDirectory && entry.name.startsWith(".")) return;
	try {
		if (entry.isDirectory) await readFolder(entry as FileSystemDirectoryEntry, haul);
		else await readFile(entry as FileSystemFileEntry, haul);
	} catch {
		haul.unread.push(pathOf(entry));
	}
}

export function plainly(files: Iterable<File>): Haul {
	return {
		found: [...files].map((file) => ({ path: file.webkitRelativePath || file.name, file })),
		unread: [],
	};
}

async function readAll(entries: FileSystemEntry[]): Promise<Haul> {
	const haul: Haul = { found: [], unread: [] };
	for (const entry of entries) await readEntry(entry, haul);
	return haul;
}

/** Reads what was dropped or pasted, and says whether a folder was in it. */
export async function haulOf(data: DataTransfer): Promise<{ haul: Haul; folder: boolean }> {
	// Both must be read before the first wait, after which the browser empties them.
	const plain = plainly(data.files);
	const entries = [...data.items].flatMap((item) => item.webkitGetAsEntry?.() ?? []);
	const folder = entries.some((entry) => entry.isDirectory);
	return { haul: folder ? await readAll(entries) : plain, folder };
}
