import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { described, modelFile } from "./model-files.mjs";
import {
	catalogue,
	category,
	drawn,
	drop,
	nameOf,
	reading,
	samplePath,
	settled,
	start,
	startOver,
} from "./page.mjs";
import { asFile } from "./photos.mjs";

let site;
let page;
before(async () => {
	site = await start();
	page = await site.open();
	await settled(page);
});
after(() => site.stop());
beforeEach(() => startOver(page));

function options() {
	return page.locator("#category option").allTextContents();
}

/** Waits until a model that was dropped is the chosen one. */
function inUse(name) {
	return page.waitForFunction(
		(wanted) => document.querySelector("#category").selectedOptions[0].text.includes(wanted),
		name,
	);
}

test("a dropped model is added and used", async () => {
	const before = await reading(page);
	const count = (await options()).length;
	// The comparison would end the worker that loads the model.
	await page.evaluate(() => {
		const button = document.querySelector("#comparison-start");
		new MutationObserver(() => {
			if (button.disabled) button.dataset.wasDisabled = "";
		}).observe(button, { attributeFilter: ["disabled"] });
	});
	await drop(page, [{ ...modelFile(category.model), name: "mine.safetensors" }]);
	await inUse("mine.safetensors");
	assert.equal((await options()).length, count + 1);
	await page.locator("#about-list dd").first().waitFor();
	assert.equal(await page.locator("#comparison-start[data-was-disabled]").count(), 1);
	// The same model by another name, so that its sample must come out the same.
	const sample = samplePath(category.samples.find(({ title }) => !/good/i.test(title)));
	await page.setInputFiles("#files", sample);
	await settled(page);
	const { verdict, score } = await reading(page);
	assert.deepEqual([verdict, score], [before.verdict, before.score]);
	assert.deepEqual(page.mistakes, []);
});

test("a dropped extractor is taken", async () => {
	await drop(page, [{ ...modelFile(catalogue.extractor), name: "again.safetensors" }]);
	await page.waitForFunction(() =>
		/again\.safetensors: the extractor .* is loaded/.test(document.querySelector("#status").textContent),
	);
	assert.equal(await page.locator("#notices p").count(), 0);
});

test("a file that is no model is refused with a sentence, and the page goes on", async () => {
	const count = (await options()).length;
	const cut = modelFile(category.model).buffer.subarray(0, 1000);
	const bad = [asFile("words.safetensors", "", Buffer.from("no model")), asFile("cut.safetensors", "", cut)];
	for (const file of bad) {
		await drop(page, [file]);
		await page.locator("#notices p", { hasText: file.name }).waitFor();
	}
	assert.equal((await options()).length, count);
	await page.locator("#samples button").nth(1).click();
	await settled(page);
	assert.match((await reading(page)).verdict, /^(good|defect)$/);
	assert.deepEqual(page.mistakes, []);
});

test("another material brings its own samples, threshold and results", async (t) => {
	const other = catalogue.categories[1];
	if (!other) return t.skip("only one material is shipped");
	const chart = await page.innerHTML("#chart");
	await page.selectOption("#category", other.id);
	const [sample] = other.samples;
	await page.waitForSelector(`#samples img[src$="${sample.file}"]`);
	await page.locator("#samples button").first().click();
	await settled(page);
	assert.equal(await page.locator(".tile").count(), 1);
	const { name, verdict } = await reading(page);
	assert.equal(name, nameOf(sample));
	assert.match(verdict, /^(good|defect)$/);
	assert.notEqual(await page.innerHTML("#chart"), chart);
	// A material without photos selects none, and must not leave none selected behind it.
	await page.click("#clear");
	await page.selectOption("#category", category.id);
	await settled(page);
	assert.equal(await page.locator(".tile").count(), 1);
	assert.equal(await page.locator('.tile[aria-selected="true"][tabindex="0"]').count(), 1);
	assert.deepEqual(page.mistakes, []);
});

const large = {
	"150,000 scores of good photos": (_, tensors) => {
		const values = new Float32Array(150_000).fill(0.7);
		const scores = { dtype: "F32", shape: [values.length], bytes: Buffer.from(values.buffer) };
		tensors["calibration.normal_scores"] = scores;
	},
	"a name of a megabyte": (description) => {
		description.name = "n".repeat(1_000_000);
	},
	"an origin of a megabyte": (description) => {
		description.provenance = "p".repeat(1_000_000);
	},
};

for (const [i, [what, change]] of Object.entries(large).entries()) {
	test(`a model with ${what} is used or refused, and the page stays whole`, async () => {
		const name = `large-${i}.safetensors`;
		await drop(page, [described(name, change)]);
		await Promise.race([inUse(name), page.locator("#notices p", { hasText: name }).waitFor()]);
		await page.waitForSelector("#stop", { state: "hidden" });
		await drawn(page);
		const { wide, room } = await page.evaluate(() => ({
			wide: document.documentElement.scrollWidth,
			room: document.documentElement.clientWidth,
		}));
		assert.ok(wide <= room, `${wide} pixels in ${room}`);
		assert.deepEqual(page.mistakes, []);
		await startOver(page);
		assert.equal((await reading(page)).verdict, "defect");
		assert.deepEqual(page.mistakes, []);
	});
}
