import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { category, drop, reading, results, samplePath, settled, start } from "./page.mjs";
import { asFile } from "./photos.mjs";

let site;
before(async () => {
	site = await start({ webgpu: true });
});
after(() => site.stop());

test("Automatic leaves a software adapter alone and says so; chosen by hand, it agrees with the CPU", async () => {
	const page = await site.open();
	await settled(page);
	assert.match((await reading(page)).device, /^CPU/);
	assert.match(await page.textContent("#route-reason"), /software/i);
	const [onCpu] = await results(page);

	await page.check('#routes input[value="webgpu"]', { force: true });
	await page.waitForFunction(() => document.querySelector("#stages-device").textContent.startsWith("GPU"));
	assert.match((await reading(page)).device, /software adapter/);
	const [onGpu] = await results(page);
	assert.equal(onGpu.route, "webgpu");
	assert.ok(
		Math.abs(onGpu.score - onCpu.score) < 1e-3,
		`${onGpu.score} on the GPU, ${onCpu.score} on the CPU`,
	);

	// A result that was computed once is kept.
	await page.check('#routes input[value="cpu"]', { force: true });
	await page.waitForFunction(() => document.querySelector("#stages-device").textContent.startsWith("CPU"));
	assert.deepEqual(page.mistakes, []);

	// Photos that wait for one route go on to the other.
	await page.check('#routes input[value="webgpu"]', { force: true });
	const buffer = readFileSync(samplePath(category.samples[0]));
	await drop(
		page,
		["a.jpg", "b.jpg", "c.jpg"].map((name) => asFile(name, "image/jpeg", buffer)),
	);
	await page.locator(".tile", { hasText: "c.jpg" }).waitFor();
	await page.check('#routes input[value="cpu"]', { force: true });
	await settled(page);
	const dropped = (await results(page)).filter(({ photo }) => /^[abc]\.jpg$/.test(photo));
	assert.deepEqual(
		dropped.map(({ photo, route }) => [photo, route]),
		["a.jpg", "b.jpg", "c.jpg"].map((photo) => [photo, "cpu"]),
	);
	assert.deepEqual(page.mistakes, []);
});
