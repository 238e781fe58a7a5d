import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { category, drop, reading, samplePath, selectTile, settled, start, startWithWorker } from "./page.mjs";
import { asFile } from "./photos.mjs";

const [buffer, other] = category.samples.map((sample) => readFileSync(samplePath(sample)));
const photo = (name, bytes = buffer) => asFile(name, "image/jpeg", bytes);

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

/** What a worker runs so that the photo with so many bytes ends it without a word, or hangs it. */
function doom(fate, bytes) {
	const meet = (end, size) => {
		self.addEventListener("message", ({ data }) => {
			if (data.photo?.size !== size) return;
			if (end === "ends") self.close();
			// No timer and no message gets through any more.
			else for (;;);
		});
	};
	return `(${meet})(${JSON.stringify(fate)}, ${bytes})`;
}

async function dropDoomed(page) {
	await drop(page, [photo("doomed.jpg", other)]);
	await page.locator(".tile", { hasText: "doomed.jpg" }).waitFor();
}

test("a photo whose worker ends without a word is done again, and that is told", async () => {
	const page = await site.open();
	await settled(page);
	const [worker] = page.workers();
	await worker.evaluate(doom("ends", other.length));
	await dropDoomed(page);
	await settled(page);
	assert.match(await page.textContent("#status"), /stopped and was started anew/);
	assert.notEqual(page.workers()[0], worker);
	assert.match((await reading(page)).verdict, /^(good|defect)$/);
	assert.deepEqual(page.mistakes, []);
});

test("a photo that ends two workers is a failed tile with a sentence, and the next one is inspected", async () => {
	const doomed = await startWithWorker(doom("ends", other.length));
	try {
		const page = await doomed.open();
		await settled(page);
		await dropDoomed(page);
		await page.waitForSelector('#verdict[data-verdict="error"]');
		assert.match((await reading(page)).text, /ended without a word.*smaller photo, then try again/);
		await drop(page, [photo("next.jpg")]);
		await page.locator(".tile", { hasText: "next.jpg" }).waitFor();
		await settled(page);
		await selectTile(page, "next.jpg");
		assert.match((await reading(page)).verdict, /^(good|defect)$/);
		assert.deepEqual(page.mistakes, []);
	} finally {
		await doomed.stop();
	}
});

test("a worker that hangs is noticed and replaced", async () => {
	const page = await site.open({ address: "about:blank" });
	await page.clock.install();
	await page.goto(site.address);
	await settled(page);
	const [worker] = page.workers();
	await worker.evaluate(doom("hangs", other.length));
	await dropDoomed(page);
	await page.locator('.tile[data-verdict="working"]', { hasText: "doomed.jpg" }).waitFor();
	await page.clock.fastForward("05:00");
	await settled(page);
	assert.match(await page.textContent("#status"), /stopped and was started anew/);
	assert.match((await reading(page)).verdict, /^(good|defect)$/);
	assert.deepEqual(page.mistakes, []);
});
