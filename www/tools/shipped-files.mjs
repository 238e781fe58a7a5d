// Writes the list of shipped files into the page's build: digests to check them by, and sizes for the progress bar.
import { hash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { compressed } from "./compressed.mjs";
import { giveUp, top } from "./run.mjs";

const name = "virtual:shipped-files";
const publicFolder = join(top, "www", "public");
const program = join(top, "www", "wasm", "cse_web_bg.wasm");

export function digestOf(bytes) {
	return hash("sha256", bytes, "hex");
}

/** The digest as browsers take it for `integrity`. */
export function integrityOf(bytes) {
	return `sha256-${hash("sha256", bytes, "base64")}`;
}

function paths() {
	const inFolder = (folder) => readdirSync(join(publicFolder, folder)).map((file) => `${folder}/${file}`);
	const models = inFolder("models").filter((path) => path.endsWith(".safetensors"));
	return [...models, ...inFolder("samples")].map((path) => [path, join(publicFolder, path)]);
}

async function describe([key, file]) {
	const bytes = readFileSync(file);
	const forms = Object.entries(await compressed(bytes, digestOf(bytes)));
	return [
		key,
		{
			integrity: integrityOf(bytes),
			bytes: bytes.length,
			encoded: Object.fromEntries(forms.map(([form, { length }]) => [form, length])),
		},
	];
}

async function shipped() {
	if (!existsSync(program)) giveUp("The program is missing. Build it first: npm run build:wasm");
	const described = await Promise.all([["program", program], ...paths()].map(describe));
	return Object.fromEntries(described);
}

export function shippedFiles() {
	let building = false;
	return {
		name: "shipped-files",
		configResolved({ command }) {
			building = command === "build";
		},
		resolveId: (id) => (id === name ? `\0${name}` : undefined),
		async load(id) {
			if (id !== `\0${name}`) return undefined;
			// During development the files change while the page is open.
			return `export default ${JSON.stringify(building ? await shipped() : {})};`;
		},
	};
}
