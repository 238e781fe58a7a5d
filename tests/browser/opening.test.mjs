import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { top } from "../../www/tools/run.mjs";
import { modelFile } from "./model-files.mjs";
import { category, drop, reading, samplePath, settled, start } from "./page.mjs";
import { asFile } from "./photos.mjs";

let site;
before(async () => {
	site = await start();
});
after(() => site.stop());

test("the page opens and reaches a verdict on a shipped sample, on the CPU where WebGPU is absent", async () => {
	const page = await site.open({ address: "about:blank" });
	const requests = [];
	page.on("request", (request) => requests.push(request));
	await page.goto(site.address);
	await settled(page);
	const { verdict, score, device } = await reading(page);
	assert.equal(verdict, "defect");
	assert.ok(score > 0);
	assert.match(device, /^CPU/);
	assert.match(await page.textContent("#route-reason"), /^CPU.*WebGPU/);
	assert.ok(await page.locator('input[value="webgpu"]').first().isDisabled());
	assert.ok(await page.locator("#heatmap").isVisible());
	// The first photo reports what was loaded before its turn.
	assert.match(await page.textContent("#stages-load"), /program .* extractor .* model/);
	// Nothing is asked of another host, and nothing is sent.
	for (const request of requests) {
		assert.equal(request.method(), "GET");
		assert.ok(request.url().startsWith(site.address) || request.url().startsWith("blob:"), request.url());
	}
	// The browser itself would refuse it.
	const refused = await page.evaluate(
		() =>
			new Promise((resolve) => {
				document.addEventListener("securitypolicyviolation", (event) => resolve(event.effectiveDirective));
				fetch("https://example.com/", { method: "POST", body: "photo" }).catch(() => {});
			}),
	);
	assert.equal(refused, "connect-src");
	assert.deepEqual(page.mistakes, []);
});

test("a photo and a model that come before the page knows its own models are taken up then", async () => {
	const page = await site.open({ address: "about:blank" });
	let release;
	const released = new Promise((resolve) => {
		release = resolve;
	});
	await page.route("**/models/index.json", async (route) => {
		await released;
		await route.continue();
	});
	await page.goto(site.address);
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

test("a page without its models says so and stays usable", async () => {
	const page = await site.open({ address: "about:blank" });
	await page.route("**/models/index.json", (route) => route.fulfill({ status: 404, body: "" }));
	await page.goto(site.address);
	await page.waitForSelector("#notices p");
	assert.match(await page.textContent("#notices"), /No models come with this page/);
	assert.deepEqual(page.mistakes, []);
});

test("a download that was stopped and a photo that could not be fetched can be taken up again", async () => {
	const page = await site.open({ address: "about:blank" });
	const model = `**/models/${category.model}`;
	// This request is never answered.
	await page.route(model, () => {});
	await page.route("**/samples/**", (route) => route.abort());
	const asked = page.waitForRequest(model);
	await page.goto(site.address);
	await asked;
	const ended = page.waitForEvent("requestfailed", (request) => request.url().endsWith(category.model));
	await page.click("#stop");
	assert.match((await ended).failure().errorText, /ABORTED/);
	await page.unroute(model);
	await page.click("#retry");
	await page.waitForSelector('#verdict[data-verdict="error"]');
	assert.match((await reading(page)).text, /The sample photo could not be downloaded/);
	await page.unroute("**/samples/**");
	await page.click("#retry");
	await settled(page);
	assert.equal((await reading(page)).verdict, "defect");
	await page.waitForSelector("#photo:visible");
	await page.waitForSelector(".tile img");
	assert.deepEqual(page.mistakes, []);
});

test("no export of the program runs the static constructors first", () => {
	// The linker's name for an export that does. It took a fifth of an inspection.
	const glue = readFileSync(join(top, "www", "wasm", "cse_web.js"), "utf8");
	assert.match(glue, /wasm\.engine_inspect\(/);
	assert.doesNotMatch(glue, /_command_export/);
});
