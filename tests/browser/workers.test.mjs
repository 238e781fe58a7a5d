import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { category, drop, prependToWorker, reading, samplePath, selectTile, settled, start } from "./page.mjs";
import { asFile } from "./photos.mjs";

const [buffer, other] = category.samples.map((sample) => readFileSync(samplePath(sample)));
const photo = (name, bytes = buffer) => asFile(name, "image/jpeg", bytes);

let site;
let page;
before(async () => {
	site = await start();
	page = await site.open();
	await settled(page);
});
after(() => site.stop());

/** A script with which a worker meets this fate when it is given the photo with this many bytes. */
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

async function inspectNext(page, name) {
	await drop(page, [photo(name)]);
	await page.locator(".tile", { hasText: name }).waitFor();
	await settled(page);
	await selectTile(page, name);
	assert.match((await reading(page)).verdict, /^(good|defect)$/);
	assert.deepEqual(page.mistakes, []);
}

async function dropDoomed(page, name) {
	await drop(page, [photo(name, other)]);
	await page.locator(".tile", { hasText: name }).waitFor();
}

async function inspectedAnew(name) {
	await settled(page);
	assert.match(await page.textContent("#status"), /stopped and was started anew/);
	const found = await reading(page);
	assert.equal(found.name, name);
	assert.match(found.verdict, /^(good|defect)$/);
	assert.deepEqual(page.mistakes, []);
}

test("a worker that ended while it was idle is replaced", async () => {
	const [worker] = page.workers();
	await worker.evaluate(() => self.close());
	await inspectNext(page, "next.jpg");
});

test("a photo whose worker ends without a word is done again, and the page says so", async () => {
	const [worker] = page.workers();
	await worker.evaluate(doom("ends", other.length));
	await dropDoomed(page, "ends.jpg");
	await inspectedAnew("ends.jpg");
	assert.notEqual(page.workers()[0], worker);
});

test("a worker that hangs is noticed and replaced", async () => {
	await page.clock.install();
	const [worker] = page.workers();
	await worker.evaluate(doom("hangs", other.length));
	await dropDoomed(page, "hangs.jpg");
	await page.locator('.tile[data-verdict="working"]', { hasText: "hangs.jpg" }).waitFor();
	await page.clock.fastForward("05:00");
	await inspectedAnew("hangs.jpg");
});

test("a photo that ends two workers is a failed tile with a sentence, and the next one is inspected", async () => {
	const doomed = await site.open({ address: "about:blank" });
	await prependToWorker(doomed, doom("ends", other.length));
	await doomed.goto(site.address);
	await settled(doomed);
	await dropDoomed(doomed, "doomed.jpg");
	await doomed.waitForSelector('#verdict[data-verdict="error"]');
	assert.match((await reading(doomed)).text, /ended without a word.*smaller photo, then try again/);
	await inspectNext(doomed, "next.jpg");
});
