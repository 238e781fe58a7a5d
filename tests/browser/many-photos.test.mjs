import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { category, drawn, reading, settled, start } from "./page.mjs";
import { redraw } from "./photos.mjs";

/** CSE_MANY_PHOTOS=280 tries more than the page keeps whole maps of. www/tests/outcomes.test.ts does so without a browser. */
const count = Number(process.env.CSE_MANY_PHOTOS ?? 24);

let site;
before(async () => {
	site = await start();
});
after(() => site.stop());

test("of many photos the arrow keys show what is known, and inspect nothing again", async () => {
	const page = await site.open();
	await settled(page);
	const { jpeg } = await redraw(page, `samples/${category.samples[0].file}`, 512, 512);
	await page.click("#clear");
	await page.evaluate(
		([text, many]) => {
			const bytes = Uint8Array.fromBase64(text);
			const data = new DataTransfer();
			for (let i = 0; i < many; i++) {
				data.items.add(new File([bytes], `photo-${i}.jpg`, { type: "image/jpeg" }));
			}
			const drop = new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: data });
			document.body.dispatchEvent(drop);
		},
		[jpeg.toString("base64"), count],
	);
	await page.waitForFunction((many) => document.querySelectorAll(".tile").length === many, count);
	page.setDefaultTimeout(30 * 60_000);
	await settled(page);
	page.setDefaultTimeout(180_000);
	assert.match(await page.textContent("#status"), new RegExp(`^${count} photos inspected`));
	const words = [];
	await page.exposeFunction("heard", (text) => words.push(text));
	await page.evaluate(() => {
		const status = document.querySelector("#status");
		new MutationObserver(() => globalThis.heard(status.textContent)).observe(status, {
			childList: true,
			characterData: true,
			subtree: true,
		});
	});
	const first = page.locator(".tile").first();
	await first.focus();
	await page.keyboard.press("Home");
	for (let i = 1; i <= 10; i++) {
		await page.keyboard.press("ArrowRight");
		await drawn(page);
		const { name, verdict } = await reading(page);
		assert.equal(name, `photo-${i}.jpg`);
		assert.equal(verdict, "defect");
		await page.waitForSelector(`#photo[aria-label="Photo photo-${i}.jpg"]:visible`);
		assert.ok(await page.locator("#heatmap").isVisible());
	}
	await settled(page);
	assert.ok(!words.some((text) => /inspecting|inspected/i.test(text)), words.join(" | "));
	assert.equal(await page.locator(".tile img").count(), count);
	assert.deepEqual(page.mistakes, []);
});
