import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { reading, results, settled, start } from "./page.mjs";

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

	// What was computed once is kept.
	await page.check('#routes input[value="cpu"]', { force: true });
	await page.waitForFunction(() => document.querySelector("#stages-device").textContent.startsWith("CPU"));
	assert.deepEqual(page.mistakes, []);
});
