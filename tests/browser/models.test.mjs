import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
	catalogue,
	category,
	drop,
	modelFile,
	nameOf,
	reading,
	samplePath,
	settled,
	start,
} from "./page.mjs";
import { asFile } from "./photos.mjs";

let site;
before(async () => {
	site = await start();
});
after(() => site.stop());

function options(page) {
	return page.locator("#category option").allTextContents();
}

test("a dropped model is added and used", async () => {
	const page = await site.open();
	await settled(page);
	const before = await reading(page);
	// The timing would end the worker that loads the model.
	await page.evaluate(() => {
		const button = document.querySelector("#timing-start");
		new MutationObserver(() => {
			if (button.disabled) button.dataset.wasDisabled = "";
		}).observe(button, { attributeFilter: ["disabled"] });
	});
	await drop(page, [{ ...modelFile(category.model), name: "mine.safetensors" }]);
	await page.waitForFunction(() =>
		document.querySelector("#category").selectedOptions[0].text.includes("mine"),
	);
	assert.equal((await options(page)).length, catalogue.categories.length + 1);
	await page.locator("#about-list dd").first().waitFor();
	assert.equal(await page.locator("#timing-start[data-was-disabled]").count(), 1);
	// The same model by another name, so that its sample must come out the same.
	const sample = samplePath(category.samples.find(({ title }) => !/good/i.test(title)));
	await page.setInputFiles("#files", sample);
	await settled(page);
	const { verdict, score } = await reading(page);
	assert.deepEqual([verdict, score], [before.verdict, before.score]);
	assert.deepEqual(page.mistakes, []);
});

test("a dropped extractor is taken", async () => {
	const page = await site.open();
	await settled(page);
	await drop(page, [{ ...modelFile(catalogue.extractor), name: "again.safetensors" }]);
	await page.waitForFunction(() =>
		/again\.safetensors: the extractor .* is loaded/.test(document.querySelector("#status").textContent),
	);
	assert.equal(await page.locator("#notices p").count(), 0);
});

test("a file that is no model is refused with a sentence, and the page goes on", async () => {
	const page = await site.open();
	await settled(page);
	const cut = modelFile(category.model).buffer.subarray(0, 1000);
	const bad = [asFile("words.safetensors", "", Buffer.from("no model")), asFile("cut.safetensors", "", cut)];
	for (const file of bad) {
		await drop(page, [file]);
		await page.locator("#notices p", { hasText: file.name }).waitFor();
	}
	assert.equal((await options(page)).length, catalogue.categories.length);
	await page.locator("#samples button").first().click();
	await settled(page);
	assert.match((await reading(page)).verdict, /^(good|defect)$/);
	assert.deepEqual(page.mistakes, []);
});

test("another material brings its own samples, threshold and results", async (t) => {
	const other = catalogue.categories[1];
	if (!other) return t.skip("only one material is shipped");
	const page = await site.open();
	await settled(page);
	const threshold = await page.textContent("#threshold-value");
	await page.selectOption("#category", other.id);
	const [sample] = other.samples;
	await page.waitForSelector(`#samples img[src$="${sample.file}"]`);
	await page.locator("#samples button").first().click();
	await settled(page);
	assert.equal(await page.locator(".tile").count(), 1);
	const { name, verdict } = await reading(page);
	assert.equal(name, nameOf(sample));
	assert.match(verdict, /^(good|defect)$/);
	assert.notEqual(await page.textContent("#threshold-value"), threshold);
	// A material without photos selects none, and must not leave none selected behind it.
	await page.click("#clear");
	await page.selectOption("#category", category.id);
	await settled(page);
	assert.equal(await page.locator(".tile").count(), 1);
	assert.equal(await page.locator('.tile[aria-selected="true"][tabindex="0"]').count(), 1);
	assert.deepEqual(page.mistakes, []);
});
