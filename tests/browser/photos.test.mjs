import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import {
	catalogue,
	category,
	drop,
	reading,
	results,
	samplePath,
	selectTile,
	settled,
	start,
} from "./page.mjs";
import { asFile, grey, png, redraw, rgb, turned } from "./photos.mjs";

let site;
let page;
let drawn;
before(async () => {
	site = await start();
	page = await site.open();
	await settled(page);
	drawn = await redraw(page, `samples/${category.samples[0].file}`, 320, 240);
});
after(() => site.stop());

test("dropped photos of every kind get a verdict", async () => {
	const { width, height, pixels } = drawn;
	const deep = rgb(drawn).map((value) => value * 257);
	await page.click("#clear");
	await drop(page, [
		asFile("plain.png", "image/png", drawn.png),
		asFile("plain.jpg", "image/jpeg", drawn.jpeg),
		asFile("plain.webp", "image/webp", drawn.webp),
		asFile("deep.png", "image/png", png({ width, height, channels: 3, depth: 16, samples: deep })),
		asFile("grey.png", "image/png", png({ width, height, channels: 1, samples: grey(drawn) })),
		asFile("alpha.png", "image/png", png({ width, height, channels: 4, samples: pixels })),
		asFile("turned.jpg", "image/jpeg", turned(drawn.jpeg)),
	]);
	await settled(page);
	const rows = await results(page);
	assert.equal(rows.length, 7);
	// A weave that is turned may be unlike the others.
	for (const { photo, verdict, error } of rows) {
		const expected = photo === "turned.jpg" ? /^(defect|unlike)$/ : /^(good|defect)$/;
		assert.match(verdict, expected, `${photo}: ${error}`);
	}
	assert.match(
		rows.find(({ photo }) => photo === "grey.png").notes,
		/is grey, and the model was trained on colour/,
	);
	const score = (name) => rows.find(({ photo }) => photo === name).score;
	for (const name of ["deep.png", "alpha.png"]) {
		assert.ok(Math.abs(score(name) - score("plain.png")) < 1e-3, `${name}: the same pixels, another score`);
	}
	assert.deepEqual(page.mistakes, []);
});

test("a turned photo is shown upright, and its map with it", async () => {
	await selectTile(page, "turned.jpg");
	await page.waitForSelector("#heatmap:visible");
	await page.waitForSelector('#photo[aria-label="Photo turned.jpg"]:visible');
	const shape = await page.evaluate(() => {
		const image = document.querySelector("#photo");
		const stage = document.querySelector("#stage").getBoundingClientRect();
		return { photo: image.width / image.height, stage: stage.width / stage.height };
	});
	assert.ok(Math.abs(shape.photo - 0.75) < 0.01);
	assert.ok(Math.abs(shape.stage - 0.75) < 0.01);
});

test("what cannot be inspected gets a sentence, and the page goes on", async () => {
	const huge = png({ width: 30_000, height: 30_000, channels: 3, samples: [] });
	const bad = [
		asFile("words.png", "image/png", Buffer.from("Not a photo at all.\n")),
		asFile("cut.jpg", "image/jpeg", drawn.jpeg.subarray(0, drawn.jpeg.length / 3)),
		asFile("dot.png", "image/png", png({ width: 1, height: 1, channels: 3, samples: [9, 9, 9] })),
		asFile("huge.png", "image/png", huge),
		asFile("empty.png", "image/png", Buffer.alloc(0)),
	];
	await page.click("#clear");
	await drop(page, [...bad, asFile("plain.png", "image/png", drawn.png)]);
	await settled(page);
	assert.equal(await page.textContent("#status"), "1 photo inspected, 5 could not be.");
	// A fault of the photo itself is not worth another try.
	assert.ok(await page.locator("#retry").isHidden());
	for (const { name } of bad) {
		await selectTile(page, name);
		const { verdict, text } = await reading(page);
		assert.equal(verdict, "error", name);
		assert.match(text, /\S+ \S+.*[.!?)]$/s, name);
	}
	await selectTile(page, "plain.png");
	assert.match((await reading(page)).verdict, /^(good|defect)$/);
	assert.deepEqual(page.mistakes, []);
});

test("a file beyond any photo is refused without being read", async () => {
	await page.click("#clear");
	await page.evaluate(() => {
		const part = new Blob([new Uint8Array(1_000_000)]);
		const data = new DataTransfer();
		data.items.add(new File(new Array(600).fill(part), "vast.png", { type: "image/png" }));
		document.body.dispatchEvent(
			new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: data }),
		);
	});
	await page.waitForSelector('#verdict[data-verdict="error"]');
	assert.match((await reading(page)).text, /600\.0 MB/);
});

test("a file that went away takes no verdict with it, and can be tried again", async () => {
	const folder = mkdtempSync(join(tmpdir(), "cse-page-"));
	const file = join(folder, "gone.png");
	writeFileSync(file, drawn.png);
	await page.click("#clear");
	await page.setInputFiles("#files", file);
	await settled(page);
	const before = await reading(page);
	assert.match(before.verdict, /^(good|defect)$/);
	rmSync(folder, { recursive: true });
	await page.selectOption("#category", catalogue.categories[1].id);
	await settled(page);
	const { verdict, text } = await reading(page);
	assert.equal(verdict, "error");
	assert.match(text, /cannot be read any more/);
	assert.ok(await page.locator("#retry").isVisible());
	await page.selectOption("#category", category.id);
	await settled(page);
	const { name, score } = await reading(page);
	assert.deepEqual([name, score], ["gone.png", before.score]);
	assert.deepEqual(page.mistakes, []);
});

test("photos can be chosen and pasted too", async () => {
	await page.click("#clear");
	await page.setInputFiles("#files", samplePath(category.samples[0]));
	await settled(page);
	await page.evaluate((text) => {
		const data = new DataTransfer();
		data.items.add(new File([Uint8Array.fromBase64(text)], "pasted.png", { type: "image/png" }));
		window.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data }));
	}, drawn.png.toString("base64"));
	await page.locator(".tile", { hasText: "pasted.png" }).waitFor();
	await settled(page);
	assert.equal((await results(page)).length, 2);
});
