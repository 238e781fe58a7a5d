import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { modelFile } from "./model-files.mjs";
import {
	catalogue,
	category,
	drawn,
	drop,
	dropFolder,
	results,
	samplePath,
	settled,
	start,
} from "./page.mjs";
import { asFile } from "./photos.mjs";

const photo = readFileSync(samplePath(category.samples[0]));

let site;
let page;
before(async () => {
	site = await start();
	page = await site.open();
	await settled(page);
});
after(() => site.stop());

test("a folder's photos are inspected in natural order, and one that cannot be read costs no other", async () => {
	await page.click("#clear");
	const names = ["10.jpg", "2.jpg", "1.jpg"];
	await dropFolder(page, "good", [
		...names.map((name) => ({ name, buffer: photo })),
		{ name: "lost.png", buffer: undefined },
	]);
	await page.locator(".tile", { hasText: "good/10.jpg" }).waitFor();
	await settled(page);
	const shown = (await results(page)).map(({ photo: name }) => name);
	assert.deepEqual(shown, ["good/1.jpg", "good/2.jpg", "good/10.jpg"]);
	assert.match(await page.textContent("#notices"), /left out: good\/lost\.png/);
	// The focus moves to a button when the notice goes.
	await page.click("#notices button");
	assert.equal(await page.evaluate(() => document.activeElement.id), "open");
	assert.deepEqual(page.mistakes, []);
});

test("what is no photo is counted, and never a failed tile", async () => {
	await page.click("#clear");
	const others = ["Thumbs.db", "notes.txt", "labels.json"].map((name) => ({
		name,
		buffer: Buffer.from("-"),
	}));
	await dropFolder(page, "lot", [...others, { name: "a.jpg", buffer: photo }]);
	await page.locator(".tile", { hasText: "lot/a.jpg" }).waitFor();
	await settled(page);
	assert.equal(await page.locator(".tile").count(), 1);
	const notice = await page.textContent("#notices");
	assert.match(notice, /3 files are no photos/);
	for (const { name } of others) assert.ok(notice.includes(name), name);
	assert.deepEqual(page.mistakes, []);
});

test("a model in a dropped folder is offered, and used only when it is asked for", async () => {
	await page.click("#clear");
	await dropFolder(page, "lot", [
		{ name: "other.safetensors", buffer: modelFile(catalogue.categories[1].model).buffer },
		{ name: "a.jpg", buffer: photo },
	]);
	await page.locator(".tile", { hasText: "lot/a.jpg" }).waitFor();
	await settled(page);
	assert.equal(await page.inputValue("#category"), category.id);
	const [row] = await results(page);
	assert.equal(row.material, category.title);
	await page.click('#notices button:text("Use it")');
	await page.waitForFunction(() =>
		document.querySelector("#category").selectedOptions[0].text.includes("other.safetensors"),
	);
	await settled(page);
	assert.deepEqual(page.mistakes, []);
});

test("a model that is dropped by itself is used", async () => {
	await drop(page, [{ ...modelFile(category.model), name: "mine.safetensors" }]);
	await page.waitForFunction(() =>
		document.querySelector("#category").selectedOptions[0].text.includes("mine.safetensors"),
	);
	await settled(page);
});

test("a file that is no photo is named, by itself too", async () => {
	await drop(page, [asFile("words.txt", "text/plain", Buffer.from("no photo"))]);
	await drawn(page);
	assert.match(await page.textContent("#notices"), /words\.txt is no photo/);
});
