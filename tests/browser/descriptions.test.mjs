import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { category, drawn, drop, modelFile, reading, settled, start } from "./page.mjs";
import { asFile } from "./photos.mjs";

let site;
before(async () => {
	site = await start();
});
after(() => site.stop());

/** The shipped model with another description, or other tensors. */
function described(name, change) {
	const { buffer } = modelFile(category.model);
	const length = Number(buffer.readBigUInt64LE(0));
	const { __metadata__, ...tensors } = JSON.parse(buffer.subarray(8, 8 + length));
	for (const tensor of Object.values(tensors)) {
		const [from, to] = tensor.data_offsets;
		tensor.bytes = buffer.subarray(8 + length + from, 8 + length + to);
	}
	const description = JSON.parse(__metadata__.cse);
	change(description, tensors);
	const head = { __metadata__: { cse: JSON.stringify(description) } };
	let end = 0;
	// The format leaves no room between tensors.
	for (const [key, { bytes, ...tensor }] of Object.entries(tensors)) {
		head[key] = { ...tensor, data_offsets: [end, end + bytes.length] };
		end += bytes.length;
	}
	const text = JSON.stringify(head);
	const padded = Buffer.from(text + " ".repeat(7 - ((Buffer.byteLength(text) + 7) % 8)));
	const size = Buffer.alloc(8);
	size.writeBigUInt64LE(BigInt(padded.length));
	const parts = Object.values(tensors).map(({ bytes }) => bytes);
	return asFile(name, "application/octet-stream", Buffer.concat([size, padded, ...parts]));
}

function manyScores(_, tensors) {
	const values = new Float32Array(150_000).fill(0.7);
	const scores = { dtype: "F32", shape: [values.length], bytes: Buffer.from(values.buffer) };
	tensors["calibration.normal_scores"] = scores;
}

function longName(description) {
	description.name = "n".repeat(1_000_000);
}

function longOrigin(description) {
	description.provenance = "p".repeat(1_000_000);
}

const large = [
	["150,000 scores of good photos", manyScores],
	["a name of a megabyte", longName],
	["an origin of a megabyte", longOrigin],
];

for (const [what, change] of large) {
	test(`a model with ${what} is used or refused, and the page stays whole`, async () => {
		const page = await site.open();
		await settled(page);
		await drop(page, [described("large.safetensors", change)]);
		await page.waitForFunction(
			() =>
				document.querySelector("#category").selectedOptions[0].text.includes("large.safetensors") ||
				document.querySelector("#notices p"),
		);
		await page.waitForSelector("#stop", { state: "hidden" });
		await drawn(page);
		const { wide, room } = await page.evaluate(() => ({
			wide: document.documentElement.scrollWidth,
			room: document.documentElement.clientWidth,
		}));
		assert.ok(wide <= room, `${wide} pixels in ${room}`);
		assert.deepEqual(page.mistakes, []);
		await page.selectOption("#category", category.id);
		await page.locator("#samples button").first().click();
		await settled(page);
		assert.equal((await reading(page)).verdict, "defect");
		assert.deepEqual(page.mistakes, []);
	});
}
