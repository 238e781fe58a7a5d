// Reads every kind of photo file with the wasm that the page runs, and compares it with Pillow and the native program.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { target, top } from "../../www/tools/run.mjs";
import init, { Engine } from "../../www/wasm/cse_web.js";

const program = join(target, "release", "native-train");
const photos = join(top, "tests", "reference", "photos");
const models = join(top, "www", "public", "models");
const expected = JSON.parse(readFileSync(join(photos, "expected.json"), "utf8"));
// The page takes the range of deep samples from the model. The shipped ones have none.
const names = Object.keys(expected).filter((name) => !expected[name].levels);
let engine;

function read(name) {
	return new Uint8Array(readFileSync(join(photos, name)));
}

before(async () => {
	await init({ module_or_path: readFileSync(join(top, "www", "wasm", "cse_web_bg.wasm")) });
	engine = await Engine.create("cpu");
	await engine.load_extractor(new Uint8Array(readFileSync(join(models, "extractor.safetensors"))));
	await engine.load_category(new Uint8Array(readFileSync(join(models, "cloth.safetensors"))));
});

test("a preview has Pillow's pixels, or an error says why there is none", () => {
	for (const name of names) {
		const { pixels, tolerance, error } = expected[name];
		if (error) {
			assert.throws(
				() => engine.preview(read(name)),
				(cause) => error.every((words) => cause.message.includes(words)),
				name,
			);
			continue;
		}
		const [ours, theirs] = [engine.preview(read(name)), engine.preview(read(pixels))];
		assert.deepEqual([ours.width, ours.height], [theirs.width, theirs.height], name);
		let worst = 0;
		for (let at = 0; at < theirs.pixels.length; at += 1) {
			// Transparent pixels have no colour to compare.
			const opaque = theirs.pixels[at | 3] === 255;
			if (opaque && at % 4 < 3) worst = Math.max(worst, Math.abs(ours.pixels[at] - theirs.pixels[at]));
		}
		assert.ok(worst <= tolerance, `${name}: off by ${worst}, ${tolerance} allowed`);
	}
});

const decoded = join(target, "tmp", "photos");
const missing = existsSync(decoded) ? false : "npm run test:rust writes the pixels to compare with";

test("the page decodes the pixels that the native program decodes", { skip: missing }, () => {
	for (const name of names.filter((name) => expected[name].pixels)) {
		const native = new Uint8Array(readFileSync(join(decoded, `${name}.png`)));
		const [ours, theirs] = [engine.preview(read(name)), engine.preview(native)];
		assert.deepEqual([ours.width, ours.height], [theirs.width, theirs.height], name);
		let worst = 0;
		for (let at = 0; at < theirs.pixels.length; at += 1) {
			if (at % 4 < 3) worst = Math.max(worst, Math.abs(ours.pixels[at] - theirs.pixels[at]));
		}
		assert.ok(worst <= 1, `${name}: off by ${worst}`);
	}
});

test("the page and the native program give the same score, or the same error", async () => {
	const model = ["--model", join(models, "cloth.safetensors"), "--device", "cpu", "--json", "-"];
	// The exit code is not 0, since some photos have no verdict. Their lines say so too.
	const { stdout } = spawnSync(program, ["predict", ...model, ...names], { encoding: "utf8", cwd: photos });
	const lines = stdout.trim().split("\n");
	const native = new Map(lines.map((line) => JSON.parse(line)).map((line) => [line.image, line]));
	assert.equal(native.size, names.length);
	for (const name of names) {
		const { score: wanted, error } = native.get(name);
		let score;
		try {
			({ score } = await engine.inspect(read(name)));
		} catch (cause) {
			assert.ok(error?.includes(cause.message), `${name}: ${cause.message}, natively ${error ?? wanted}`);
			continue;
		}
		const near = Math.abs(score - wanted) <= 0.01 * Math.max(1, wanted);
		assert.ok(near, `${name}: ${score}, natively ${error ?? wanted}`);
	}
});
