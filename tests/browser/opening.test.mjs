import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { reading, settled, start } from "./page.mjs";

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
	assert.match(await page.textContent("#notices"), /No models lie beside this page/);
	assert.deepEqual(page.mistakes, []);
});

test("a program that cannot be loaded is a sentence, and can be tried again", async () => {
	const page = await site.open();
	await page.context().route("**/*.wasm", (route) => route.fulfill({ status: 404, body: "" }));
	await page.reload();
	await page.waitForSelector("#retry:visible");
	assert.match(await page.textContent("#status"), /could not be loaded/);
	await page.context().unroute("**/*.wasm");
	await page.click("#retry");
	await settled(page);
	assert.equal((await reading(page)).verdict, "defect");
});
