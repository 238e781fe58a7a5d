// Completes `dist` for static hosts: compressed files beside the plain ones, and a file of headers.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterBuild } from "./after-build.mjs";
import { compressed, endings } from "./compressed.mjs";
import { headersFile } from "./headers.mjs";
import { digestOf } from "./shipped-files.mjs";

/** Bytes of a file below which a compressed form saves no packet. */
const smallest = 1024;

export function filesIn(folder) {
	return readdirSync(folder, { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile())
		.map(({ parentPath, name }) => join(parentPath, name));
}

async function compressBeside(file) {
	const bytes = readFileSync(file);
	if (bytes.length < smallest) return;
	for (const [encoding, form] of Object.entries(await compressed(bytes, digestOf(bytes)))) {
		writeFileSync(`${file}.${endings[encoding]}`, form);
	}
}

export function forHosts() {
	return afterBuild("for-hosts", async (folder) => {
		await Promise.all(filesIn(folder).map(compressBeside));
		writeFileSync(join(folder, "_headers"), headersFile());
	});
}
