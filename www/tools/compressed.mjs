// Brotli and gzip forms of files. They are kept, since the program's takes a minute to make.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { top } from "./run.mjs";

const folder = join(top, ".cache", "compressed");

/** The largest share of a file's size at which its compressed form is worth the time to unpack it. */
const worth = 0.95;

const encoders = {
	br: (bytes) =>
		promisify(brotliCompress)(bytes, {
			params: {
				[constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
				[constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
			},
		}),
	gzip: (bytes) => promisify(gzip)(bytes, { level: constants.Z_BEST_COMPRESSION }),
};

/** Endings of compressed files, by the encoding's name in HTTP. */
export const endings = { br: "br", gzip: "gz" };

async function encoded(encoding, bytes, digest) {
	const kept = join(folder, `${digest}.${endings[encoding]}`);
	if (existsSync(kept)) return readFileSync(kept);
	const made = await encoders[encoding](bytes);
	mkdirSync(folder, { recursive: true });
	// Renamed when it is whole, since a build may be stopped.
	writeFileSync(`${kept}.part`, made);
	renameSync(`${kept}.part`, kept);
	return made;
}

/** The compressed forms of a file that are worth it, by their names in HTTP. */
export async function compressed(bytes, digest) {
	const names = Object.keys(encoders);
	const forms = await Promise.all(names.map((name) => encoded(name, bytes, digest)));
	const all = names.map((name, i) => [name, forms[i]]);
	return Object.fromEntries(all.filter(([, form]) => form.length <= worth * bytes.length));
}
