import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { drawn, drop, modelFile, reading, settled, start, texture } from "./page.mjs";

let site;
before(async () => {
	site = await start();
});
after(() => site.stop());

/** The shipped model with another description. */
function described(name, change) {
	const { buffer } = modelFile(texture.model);
	const length = Number(buffer.readBigUInt64LE(0));
	const head = JSON.parse(buffer.subarray(8, 8 + length));
	const description = JSON.parse(head.__metadata__.cse);
	change(description);
	head.__metadata__.cse = JSON.stringify(description);
	// Tensors begin at a multiple of 8.
	let text = JSON.stringify(head);
	text += " ".repeat(7 - ((Buffer.byteLength(text) + 7) % 8));
	const size = Buffer.alloc(8);
	size.writeBigUInt64LE(BigInt(Buffer.byteLength(text)));
	return {
		name,
		mimeType: "application/octet-stream",
		buffer: Buffer.concat([size, Buffer.from(text), buffer.subarray(8 + length)]),
	};
}

const large = [
	["150,000 scores of good photos", (info) => (info.normal_scores = Array(150_000).fill(0.7))],
	["a name of a megabyte", (info) => (info.name = "n".repeat(1_000_000))],
	["an origin of a megabyte", (info) => (info.provenance = "p".repeat(1_000_000))],
];

for (const [what, change] of large) {
	test(`a model with ${what} is used or refused, and the page stays whole`, async () => {
		const page = await site.open();
		await settled(page);
		await drop(page, [described("large.safetensors", change)]);
		await page.waitForFunction(
			() =>
				document.querySelector("#texture").selectedOptions[0].text.includes("large.safetensors") ||
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
		await page.selectOption("#texture", texture.id);
		await page.locator("#samples button").first().click();
		await settled(page);
		assert.equal((await reading(page)).verdict, "defect");
		assert.deepEqual(page.mistakes, []);
	});
}
