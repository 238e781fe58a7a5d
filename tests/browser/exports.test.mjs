import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { category, drop, modelFile, results, samplePath, settled, start } from "./page.mjs";
import { asFile } from "./photos.mjs";

let site;
let page;
before(async () => {
	site = await start();
	page = await site.open();
	await settled(page);
});
after(() => site.stop());

async function table() {
	const [download] = await Promise.all([page.waitForEvent("download"), page.click("#save-csv")]);
	return readFileSync(await download.path(), "utf8");
}

/** The metadata of a safetensors file, read here without the page. */
function description({ buffer }) {
	const length = Number(buffer.readBigUInt64LE(0));
	return JSON.parse(JSON.parse(buffer.subarray(8, 8 + length)).__metadata__.cse);
}

test("both exports say which model, extractor and threshold judged", async () => {
	const file = modelFile(category.model);
	const { name, extractor_id, threshold } = description(file);
	const digest = createHash("sha256").update(file.buffer).digest("hex");
	const [head, row] = (await table()).split("\r\n").map((line) => line.split(","));
	const cell = (column) => row[head.indexOf(column)];
	assert.equal(cell("model"), name);
	assert.equal(cell("model_sha256"), digest);
	assert.equal(cell("extractor_id"), extractor_id);
	assert.ok(Math.abs(Number(cell("threshold")) - threshold) < 1e-6);
	const [json] = await results(page);
	assert.deepEqual([json.model, json.model_sha256, json.extractor_id], [name, digest, extractor_id]);
	assert.ok(Math.abs(json.threshold - threshold) < 1e-6);
});

test("no cell is a formula for a spreadsheet, and numbers stay numbers", async () => {
	const buffer = readFileSync(samplePath(category.samples[0]));
	const names = ["=1+1.jpg", "+1.jpg", "-1.jpg", "@SUM(A1).jpg", "\tA.jpg", "plain-1.jpg"];
	await drop(
		page,
		names.map((name) => asFile(name, "image/jpeg", buffer)),
	);
	await page.locator(".tile", { hasText: "plain-1.jpg" }).waitFor();
	await settled(page);
	const lines = (await table()).split("\r\n").slice(2, -1);
	assert.equal(lines.length, names.length);
	for (const line of lines) {
		const [first, , , score] = line.split(",");
		assert.match(first, /^"?('[=+\-@\t]|plain)/, line);
		assert.match(score, /^-?\d/, line);
	}
});
