// Every kind of photo file through the wasm that the page runs: Pillow's pixels, and the native program's answers.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import init, { Engine } from "../../www/wasm/cse_web.js";

const top = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
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
	await engine.load_texture(new Uint8Array(readFileSync(join(models, "cloth.safetensors"))));
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
			// Alpha says what is inspected; the reference is opaque.
			if (at % 4 < 3) worst = Math.max(worst, Math.abs(ours.pixels[at] - theirs.pixels[at]));
		}
		assert.ok(worst <= tolerance, `${name}: off by ${worst}, ${tolerance} allowed`);
	}
});

test("the page and the native program give the same score, or the same error", async () => {
	const program = join(
		top,
		"target",
		"release",
		process.platform === "win32" ? "native-train.exe" : "native-train",
	);
	const model = ["--model", join(models, "cloth.safetensors"), "--device", "cpu", "--json", "-"];
	const options = { encoding: "utf8", cwd: photos, stdio: ["ignore", "pipe", "pipe"] };
	const native = new Map();
	for (const name of names) {
		// One by one: the first errors must not hide the others.
		try {
			native.set(name, JSON.parse(execFileSync(program, ["score", ...model, name], options)).score);
		} catch (cause) {
			native.set(name, `${cause.stdout}${cause.stderr}`);
		}
	}
	for (const name of names) {
		const said = native.get(name);
		try {
			const { score } = await engine.inspect(read(name));
			assert.equal(typeof said, "number", `${name}: ${said}`);
			assert.ok(Math.abs(score - said) <= 0.01 * Math.max(1, said), `${name}: ${score}, natively ${said}`);
		} catch (cause) {
			if (cause instanceof assert.AssertionError) throw cause;
			assert.ok(String(said).includes(cause.message), `${name}: ${cause.message}, natively ${said}`);
		}
	}
});
