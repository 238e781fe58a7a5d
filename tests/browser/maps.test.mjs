// Compares scores and anomaly maps of the wasm that the page runs with those of the native program.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { inflateSync } from "node:zlib";
import { target, top } from "../../www/tools/run.mjs";
import init, { Engine } from "../../www/wasm/cse_web.js";
import { described } from "./model-files.mjs";
import { catalogue, samplePath } from "./page.mjs";

const program = join(target, "release", "native-train");
const models = join(top, "www", "public", "models");
const folder = mkdtempSync(join(tmpdir(), "maps-"));
let engine;

before(async () => {
	await init({ module_or_path: readFileSync(join(top, "www", "wasm", "cse_web_bg.wasm")) });
	engine = await Engine.create("cpu");
	await engine.load_extractor(new Uint8Array(readFileSync(join(models, "extractor.safetensors"))));
});
after(() => rmSync(folder, { recursive: true }));

/** Values of a TIFF file of one channel of 32-bit floats, compressed by Deflate. */
function floats(file) {
	const whole = readFileSync(file);
	const bytes = new DataView(whole.buffer, whole.byteOffset, whole.byteLength);
	const little = bytes.getUint16(0) === 0x4949;
	const directory = bytes.getUint32(4, little);
	/** Values of the directory's entry with a tag. */
	const entry = (tag) => {
		let at = directory + 2;
		while (bytes.getUint16(at, little) !== tag) at += 12;
		const short = bytes.getUint16(at + 2, little) === 3;
		const count = bytes.getUint32(at + 4, little);
		const size = short ? 2 : 4;
		const from = count * size > 4 ? bytes.getUint32(at + 8, little) : at + 8;
		const places = Array.from({ length: count }, (_, index) => from + size * index);
		return places.map((place) => (short ? bytes.getUint16(place, little) : bytes.getUint32(place, little)));
	};
	const [offsets, lengths] = [entry(273), entry(279)];
	return offsets.flatMap((offset, strip) => {
		const values = inflateSync(whole.subarray(offset, offset + lengths[strip]));
		const read = little ? values.readFloatLE : values.readFloatBE;
		return Array.from({ length: values.length / 4 }, (_, index) => read.call(values, 4 * index));
	});
}

/** The native program's score of a photo, and its map at the photo's size. */
function natively(model, photo) {
	const maps = mkdtempSync(join(folder, "raw-"));
	const options = ["--json", "-", "--raw-maps", maps, "--raw-maps-format", "tiff", "--device", "cpu"];
	const text = execFileSync(program, ["predict", "--model", model, photo, ...options], {
		encoding: "utf8",
		stdio: ["ignore", "pipe", "ignore"],
	});
	const [line] = text.trim().split("\n");
	return { score: JSON.parse(line).score, map: floats(join(maps, readdirSync(maps)[0])) };
}

for (const { id, model, samples } of [catalogue.categories[0], catalogue.categories[2]]) {
	for (const view of ["resize", "tiles"]) {
		test(`${id}, ${view}: the page has the native program's scores and maps`, async () => {
			const change = (description) => {
				description.view = view;
			};
			const { buffer: bytes } = described("model", change, model);
			const file = join(folder, `${id}-${view}.safetensors`);
			writeFileSync(file, bytes);
			await engine.load_category(new Uint8Array(bytes));
			for (const sample of samples.slice(0, 2)) {
				const path = samplePath(sample);
				const here = await engine.inspect(new Uint8Array(readFileSync(path)));
				const there = natively(file, path);
				assert.ok(Math.abs(here.score - there.score) < 1e-3, `${sample.file}: ${here.score} ${there.score}`);
				assert.equal(here.map.length, there.map.length, sample.file);
				const worst = there.map.reduce(
					(worst, value, at) => Math.max(worst, Math.abs(here.map[at] - value)),
					0,
				);
				assert.ok(worst < 1e-3, `${sample.file}: the maps differ by ${worst}`);
				assert.ok(Math.max(...there.map) > 0.1, "the map is not empty");
			}
		});
	}
}
