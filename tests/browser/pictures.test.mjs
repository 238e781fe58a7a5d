import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { category, drawn, drop, reading, selectTile, settled, start } from "./page.mjs";
import { asFile, png, redraw, turnedWebp, white } from "./photos.mjs";

let site;
let page;
let sample;
before(async () => {
	site = await start();
	page = await site.open({ address: "about:blank" });
	// A browser decodes only files that go through one of two functions.
	await page.addInitScript(() => {
		globalThis.given = [];
		const createObjectURL = URL.createObjectURL.bind(URL);
		URL.createObjectURL = (blob) => {
			globalThis.given.push(blob.size);
			return createObjectURL(blob);
		};
		const createImageBitmap = globalThis.createImageBitmap.bind(globalThis);
		globalThis.createImageBitmap = (source, ...rest) => {
			globalThis.given.push(source.size);
			return createImageBitmap(source, ...rest);
		};
	});
	await page.goto(site.address);
	await settled(page);
	sample = await redraw(page, `samples/${category.samples[0].file}`, 320, 240);
});
after(() => site.stop());

/** Drops a photo, and reads what the page draws of it. */
async function shown(file) {
	await page.click("#clear");
	await drop(page, [file]);
	await page.locator(".tile", { hasText: file.name }).waitFor();
	await settled(page);
	await page.waitForSelector(`#photo[aria-label="Photo ${file.name}"]:visible`);
	const { text, ...size } = await page.evaluate(() => {
		const canvas = document.querySelector("#photo");
		const { width, height } = canvas;
		const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
		return { width, height, text: new Uint8Array(data.buffer).toBase64() };
	});
	return { ...size, pixels: Buffer.from(text, "base64") };
}

test("a WebP with an orientation is drawn as it was judged: upright", async () => {
	const file = asFile("turned.webp", "image/webp", turnedWebp(sample.webp, sample.width, sample.height));
	const { width, height, pixels } = await shown(file);
	assert.deepEqual([width, height], [240, 320]);
	let off = 0;
	for (let y = 0; y < height; y++) {
		for (let x = 0; x < width; x++) {
			const from = 4 * ((sample.height - 1 - x) * sample.width + y);
			off += Math.abs(pixels[4 * (y * width + x) + 1] - sample.pixels[from + 1]);
		}
	}
	assert.ok(off / (width * height) < 4, `${off / (width * height)} of 255 a pixel`);
});

test("what is transparent in a photo is drawn as such", async () => {
	const { width, height } = sample;
	const samples = [...sample.pixels];
	const hole = (x, y) => x >= 100 && x < 200 && y >= 50 && y < 150;
	for (let i = 0; i < width * height; i++) {
		if (hole(i % width, Math.floor(i / width))) samples[4 * i + 3] = 0;
	}
	const file = asFile("hole.png", "image/png", png({ width, height, channels: 4, samples }));
	const { pixels } = await shown(file);
	const alpha = (x, y) => pixels[4 * (y * width + x) + 3];
	assert.deepEqual([alpha(150, 100), alpha(50, 100), alpha(250, 200)], [0, 255, 255]);
});

test("a photo that the engine refuses is not decoded by the page either", async () => {
	await page.click("#clear");
	const huge = white(20_000, 20_000);
	await drop(page, [asFile("huge.png", "image/png", huge)]);
	await page.locator(".tile", { hasText: "huge.png" }).waitFor();
	await settled(page);
	await drawn(page);
	const { verdict } = await reading(page);
	assert.equal(verdict, "error");
	const given = await page.evaluate(() => globalThis.given);
	assert.ok(!given.includes(huge.length), `${huge.length} bytes among ${given}`);
	assert.equal(await page.locator("#stage").isVisible(), false);
	assert.deepEqual(page.mistakes, []);
});

test("a photo that was let go is decoded again when it is looked at", async () => {
	await page.click("#clear");
	const names = Array.from({ length: 9 }, (_, i) => `large-${i}.png`);
	// Each as large as a picture becomes: more than the page keeps.
	await drop(
		page,
		names.map((name) => asFile(name, "image/png", white(2048, 2048))),
	);
	await page.locator(".tile", { hasText: names[0] }).waitFor();
	await settled(page);
	for (const name of [names[8], names[1]]) {
		await selectTile(page, name);
		await page.waitForSelector(`#photo[aria-label="Photo ${name}"]:visible`);
		const centre = await page.evaluate(() => [
			...document.querySelector("#photo").getContext("2d").getImageData(1024, 1024, 1, 1).data,
		]);
		assert.deepEqual(centre, [255, 255, 255, 255]);
	}
	assert.deepEqual(page.mistakes, []);
});
