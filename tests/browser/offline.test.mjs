import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { top } from "../../www/tools/run.mjs";
import { category, drop, reading, samplePath, selectTile, settled, start } from "./page.mjs";
import { asFile } from "./photos.mjs";

// A copy of the page below another path, which the tests may publish anew.
const folder = mkdtempSync(join(tmpdir(), "cse-offline-"));
const published = join(folder, "below", "here");

let site;
let page;
before(async () => {
	cpSync(join(top, "dist"), published, { recursive: true });
	site = await start({ folder });
	page = await site.open({ address: `${site.address}below/here/`, serviceWorkers: "allow" });
	await settled(page);
	await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
});
after(async () => {
	await site.stop();
	rmSync(folder, { recursive: true });
});

test("after the first visit the page works without a network, with every model and a new worker", async () => {
	await page.context().setOffline(true);
	// An idle worker is ended. The next one starts from the files that the browser holds.
	const [worker] = page.workers();
	await worker.evaluate(() => self.close());
	await drop(page, [asFile("next.jpg", "image/jpeg", readFileSync(samplePath(category.samples[0])))]);
	await page.locator(".tile", { hasText: "next.jpg" }).waitFor();
	await settled(page);
	await selectTile(page, "next.jpg");
	assert.equal((await reading(page)).verdict, "defect");

	await page.reload();
	await settled(page);
	assert.equal((await reading(page)).verdict, "defect");
	const [, ...others] = await page.locator("#category option").all();
	for (const option of others) {
		await page.selectOption("#category", await option.getAttribute("value"));
		await page.locator("#samples button").first().click();
		await settled(page);
		assert.match((await reading(page)).verdict, /^(good|defect)$/);
	}
	assert.deepEqual(page.mistakes, []);
	await page.context().setOffline(false);
});

/** Publishes the page anew, as a build of another version would. */
function publish(title) {
	const [page, worker] = ["index.html", "service-worker.js"].map((name) => join(published, name));
	const digest = (text) => hash("sha256", text, "base64");
	const before = readFileSync(page, "utf8");
	const after = before.replace(/<title>.*<\/title>/, `<title>${title}</title>`);
	writeFileSync(page, after);
	writeFileSync(worker, readFileSync(worker, "utf8").replace(digest(before), digest(after)));
	for (const file of [page, worker]) for (const ending of ["br", "gz"]) rmSync(`${file}.${ending}`);
}

/** The browser takes a moment to forget a page that was closed. Until then the version before stays. */
async function reloadUntil(title) {
	for (let i = 0; i < 10; i++) {
		// A page that renews itself meanwhile ends this load.
		await page.reload().catch(() => {});
		const renewed = page.waitForFunction((wanted) => document.title === wanted, title, { timeout: 1000 });
		if (await renewed.catch(() => false)) return;
	}
	assert.fail(`The page never had the title “${title}”.`);
}

test("a page that is published anew takes over with the next load, once no page of the version before is open", async () => {
	const first = await page.title();
	const other = await page.context().newPage();
	await other.goto(`${site.address}below/here/`);
	publish("Another version");
	await site.restart();
	await page.reload();
	// The new version is fetched meanwhile. Both pages go on with the old one.
	assert.equal(await page.title(), first);
	await page.evaluate(
		() =>
			new Promise((installed) => {
				const look = async () => {
					if ((await navigator.serviceWorker.getRegistration()).waiting) installed();
					else setTimeout(look, 200);
				};
				look();
			}),
	);
	await page.reload();
	assert.equal(await page.title(), first);
	await other.close();
	await reloadUntil("Another version");
	await settled(page);
	assert.equal((await reading(page)).verdict, "defect");
	const kept = await page.evaluate(async () => {
		const urls = [];
		for (const name of await caches.keys()) {
			for (const { url } of await (await caches.open(name)).keys()) urls.push(new URL(url).pathname);
		}
		return urls;
	});
	assert.equal(new Set(kept).size, kept.length, "files of two versions are kept");
	assert.deepEqual(page.mistakes, []);
});
