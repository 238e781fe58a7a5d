import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { category, drop, modelFile, reading, samplePath, settled, start } from "./page.mjs";
import { asFile } from "./photos.mjs";

let site;
before(async () => {
	site = await start();
});
after(() => site.stop());

test("the page opens and reaches a verdict on a shipped sample, on the CPU where WebGPU is absent", async () => {
	const page = await site.open();
	await settled(page);
	const { verdict, score, device } = await reading(page);
	assert.equal(verdict, "defect");
	assert.ok(score > 0);
	assert.match(device, /^CPU/);
	assert.match(await page.textContent("#route-reason"), /^CPU.*WebGPU/);
	assert.ok(await page.locator('input[value="webgpu"]').first().isDisabled());
	assert.ok(await page.locator("#heatmap").isVisible());
	// Loading comes before the first photo's turn, and is told of with it.
	assert.match(await page.textContent("#stages-load"), /program .* extractor .* model/);
	assert.deepEqual(page.mistakes, []);
});

test("a photo and a model that come before the page knows its own models are taken up then", async () => {
	const page = await site.open();
	let release;
	const released = new Promise((resolve) => {
		release = resolve;
	});
	await page.route("**/models/index.json", async (route) => {
		await released;
		await route.continue();
	});
	await page.reload();
	const photo = asFile("early.jpg", "image/jpeg", readFileSync(samplePath(category.samples[0])));
	await drop(page, [photo, { ...modelFile(category.model), name: "mine.safetensors" }]);
	await page.locator(".tile", { hasText: "Waiting" }).waitFor();
	release();
	await page.waitForFunction(() =>
		document.querySelector("#category").selectedOptions[0]?.text.includes("mine"),
	);
	await settled(page);
	const { name, verdict } = await reading(page);
	assert.equal(name, "early.jpg");
	assert.match(verdict, /^(good|defect)$/);
	assert.equal(await page.locator("#notices p").count(), 0);
	assert.deepEqual(page.mistakes, []);
});

test("nothing is asked of another host, and nothing is sent", async () => {
	const page = await site.open();
	const requests = [];
	page.on("request", (request) => requests.push(request));
	await page.reload();
	await settled(page);
	for (const request of requests) {
		assert.equal(request.method(), "GET");
		assert.ok(request.url().startsWith(site.address) || request.url().startsWith("blob:"), request.url());
	}
});

test("the browser itself keeps the page from sending anything elsewhere", async () => {
	const page = await site.open();
	const refused = await page.evaluate(
		() =>
			new Promise((resolve) => {
				document.addEventListener("securitypolicyviolation", (event) => resolve(event.effectiveDirective));
				fetch("https://example.com/", { method: "POST", body: "photo" }).catch(() => {});
			}),
	);
	assert.equal(refused, "connect-src");
});

test("a page without its models says so and stays usable", async () => {
	const page = await site.open();
	await page.route("**/models/index.json", (route) => route.fulfill({ status: 404, body: "" }));
	await page.reload();
	await page.waitForSelector("#notices p");
	assert.match(await page.textContent("#notices"), /No models come with this page/);
	assert.deepEqual(page.mistakes, []);
});

test("a photo that could not be fetched at first is shown once it could be", async () => {
	const page = await site.open();
	await page.route("**/samples/**", (route) => route.abort());
	await page.reload();
	await page.waitForSelector("#retry:visible");
	await page.unroute("**/samples/**");
	await page.click("#retry");
	await settled(page);
	assert.equal((await reading(page)).verdict, "defect");
	await page.waitForSelector("#photo:visible");
	await page.waitForSelector(".tile img");
	assert.deepEqual(page.mistakes, []);
});

test("stopping ends a download, which begins anew when it is wanted again", async () => {
	const page = await site.open();
	const model = `**/models/${category.model}`;
	// Is never answered.
	await page.route(model, () => {});
	const asked = page.waitForRequest(model);
	await page.reload();
	await asked;
	const ended = page.waitForEvent("requestfailed", (request) => request.url().endsWith(category.model));
	await page.click("#stop");
	assert.match((await ended).failure().errorText, /ABORTED/);
	await page.unroute(model);
	await page.click("#retry");
	await settled(page);
	assert.equal((await reading(page)).verdict, "defect");
	assert.deepEqual(page.mistakes, []);
});

test("a program that cannot be loaded is a sentence, and can be tried again", async () => {
	const page = await site.open();
	await page.context().route("**/*.wasm", (route) => route.fulfill({ status: 404, body: "" }));
	await page.reload();
	await page.waitForSelector("#retry:visible");
	assert.match(await page.textContent("#status"), /The program could not be downloaded/);
	await page.context().unroute("**/*.wasm");
	await page.click("#retry");
	await settled(page);
	assert.equal((await reading(page)).verdict, "defect");
});
