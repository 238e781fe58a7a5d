import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { drop, reading, samplePath, selectTile, settled, start, texture } from "./page.mjs";
import { asFile } from "./photos.mjs";

const buffer = readFileSync(samplePath(texture.samples[0]));
const photo = (name) => asFile(name, "image/jpeg", buffer);

let site;
before(async () => {
	site = await start();
});
after(() => site.stop());

test("a worker that ended while it was idle is replaced", async () => {
	const page = await site.open();
	await settled(page);
	const [worker] = page.workers();
	await worker.evaluate(() => self.close());
	await drop(page, [photo("next.jpg")]);
	await page.locator(".tile", { hasText: "next.jpg" }).waitFor();
	await settled(page);
	await selectTile(page, "next.jpg");
	assert.match((await reading(page)).verdict, /^(good|defect)$/);
	assert.deepEqual(page.mistakes, []);
});

/** What comes of a photo whose worker does `fate` when it is to inspect; the workers after it too, where that is wanted. */
async function inspectWith(page, fate, { always = false } = {}) {
	const doom = `(${(fate) => {
		self.addEventListener("message", ({ data }) => {
			if (data.name !== "inspect" || !data.photo || data.photo.size === 1) return;
			if (fate === "ends") self.close();
			// No timer and no message gets through any more.
			else for (;;);
		});
	}})(${JSON.stringify(fate)})`;
	if (always) {
		await page.route("**/assets/worker-*.js", async (route) => {
			const response = await route.fetch();
			await route.fulfill({ response, body: `${doom};${await response.text()}` });
		});
	}
	for (const worker of page.workers()) await worker.evaluate(doom);
	await drop(page, [photo("doomed.jpg")]);
	await page.locator(".tile", { hasText: "doomed.jpg" }).waitFor();
}

test("a photo whose worker ends without a word is done again, and that is told", async () => {
	const page = await site.open();
	await settled(page);
	await inspectWith(page, "ends");
	await settled(page);
	await selectTile(page, "doomed.jpg");
	assert.match((await reading(page)).verdict, /^(good|defect)$/);
	assert.deepEqual(page.mistakes, []);
});

test("a photo that ends two workers is a failed tile with a sentence, and the next one is inspected", async () => {
	const page = await site.open();
	await settled(page);
	await inspectWith(page, "ends", { always: true });
	await page.waitForSelector('#verdict[data-verdict="error"]');
	assert.match((await reading(page)).text, /ended without a word.*smaller photo, then try again/);
	await page.unroute("**/assets/worker-*.js");
	await drop(page, [photo("next.jpg")]);
	await page.locator(".tile", { hasText: "next.jpg" }).waitFor();
	await settled(page);
	await selectTile(page, "next.jpg");
	assert.match((await reading(page)).verdict, /^(good|defect)$/);
	assert.deepEqual(page.mistakes, []);
});

test("a worker that hangs is noticed and replaced", async () => {
	const page = await site.open({ address: "about:blank" });
	await page.clock.install();
	await page.goto(site.address);
	await settled(page);
	await inspectWith(page, "hangs");
	await page.locator('.tile[data-verdict="working"]', { hasText: "doomed.jpg" }).waitFor();
	await page.clock.fastForward("05:00");
	await settled(page);
	await selectTile(page, "doomed.jpg");
	assert.match((await reading(page)).verdict, /^(good|defect)$/);
	assert.match(await page.textContent("#status"), /defect|good|stopped and was started anew/i);
	assert.deepEqual(page.mistakes, []);
});
