import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { reading, settled, start } from "./page.mjs";

let site;
before(async () => {
	site = await start();
});
after(() => site.stop());

/** A browser whose GPU answers only when the test says so. No real adapter can be made to wait. */
async function openWithSlowGpu() {
	const page = await site.open({ address: "about:blank" });
	await page.addInitScript(() => {
		const info = {
			vendor: "maker",
			architecture: "new",
			device: "",
			description: "",
			isFallbackAdapter: false,
		};
		const requestAdapter = () =>
			new Promise((resolve) => {
				globalThis.answerGpu = () => resolve({ info });
			});
		Object.defineProperty(navigator, "gpu", { value: { requestAdapter } });
	});
	await page.goto(site.address);
	return page;
}

test("a GPU that does not answer holds nothing up, and can be chosen once it answers", async () => {
	const page = await openWithSlowGpu();
	await settled(page);
	assert.match((await reading(page)).device, /^CPU/);
	assert.match(await page.textContent("#route-reason"), /WebGPU has not answered/);
	assert.ok(await page.locator('#routes input[value="webgpu"]').isDisabled());
	await page.check('#routes input[value="cpu"]', { force: true });
	await page.locator("#samples button").nth(1).click();
	await settled(page);
	assert.match((await reading(page)).verdict, /^(good|defect)$/);
	await page.evaluate(() => globalThis.answerGpu());
	await page.waitForSelector('#routes input[value="webgpu"]:enabled');
	assert.deepEqual(page.mistakes, []);
});
