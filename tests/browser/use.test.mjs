import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, beforeEach, test } from "node:test";
import { description, modelFile } from "./model-files.mjs";
import {
	catalogue,
	category,
	drawn,
	drop,
	nameOf,
	reading,
	results,
	samplePath,
	selectTile,
	settled,
	start,
	startOver,
} from "./page.mjs";
import { asFile } from "./photos.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let site;
let page;
before(async () => {
	site = await start();
	page = await site.open();
	await settled(page);
});
after(() => site.stop());
beforeEach(() => startOver(page));

function copies(count, name = "copy") {
	const buffer = readFileSync(samplePath(category.samples[0]));
	return Array.from({ length: count }, (_, i) => asFile(`${name}-${i}.webp`, "image/webp", buffer));
}

/** The strongest place of the map, as a screen reader hears it. */
async function peakOfMap() {
	const label = await page.getAttribute("#heatmap", "aria-label");
	const [, x, y] = /at (\d+) % across and (\d+) % down/.exec(label);
	return { x: x / 100, y: y / 100 };
}

async function moveThreshold(part) {
	await page.locator("#threshold").evaluate((slider, to) => {
		slider.value = String(Number(slider.max) * to);
		slider.dispatchEvent(new Event("input", { bubbles: true }));
	}, part);
	await drawn(page);
}

test("a photo of another material is unlike the good photos, and its defect is not looked for", async () => {
	const other = catalogue.categories[1].samples.map(({ file }) => file);
	await page.setInputFiles(
		"#files",
		other.map((file) => samplePath({ file })),
	);
	await settled(page);
	for (const file of other) {
		await selectTile(page, file);
		const { verdict, word } = await reading(page);
		assert.deepEqual([verdict, word], ["unlike", "Unlike the good photos"]);
		assert.match(await page.textContent("#verdict-notes"), /another material, light or scale/);
		assert.match(await page.textContent("#spoken-verdict"), /Compared with the good photos, it is /);
		assert.equal(
			await page.textContent("#verdict-text"),
			"The map is higher than on good photos almost everywhere. The score does not count.",
		);
		assert.equal(await page.isVisible("#ring"), false);
	}
	await moveThreshold(1);
	assert.equal((await reading(page)).word, "Unlike the good photos");
	await page.click("#threshold-reset");
});

test("a ring is around the place that the score of a defect comes from, and none is on a good photo", async () => {
	const [ring, photo] = await Promise.all(
		["#ring", "#stage"].map((part) => page.locator(part).boundingBox()),
	);
	const peak = await peakOfMap();
	const centre = {
		x: (ring.x + ring.width / 2 - photo.x) / photo.width,
		y: (ring.y + ring.height / 2 - photo.y) / photo.height,
	};
	// The map is finer than the score's positions, which are a seventh of the photo apart.
	assert.ok(Math.hypot(centre.x - peak.x, centre.y - peak.y) < 0.2, JSON.stringify({ centre, peak }));
	assert.match(await page.textContent("#verdict-text"), /The score comes from the place in the ring/);
	await moveThreshold(1);
	assert.equal(await page.isVisible("#ring"), false);
	await page.click("#threshold-reset");
});

test("moving the threshold changes the verdict, and the reset brings it back", async () => {
	assert.equal((await reading(page)).verdict, "defect");
	await moveThreshold(1);
	assert.equal((await reading(page)).word, "No defect found");
	// Neither the status line nor what a screen reader hears may keep the old verdict.
	for (const line of ["#status", "#spoken-verdict"])
		assert.match(await page.textContent(line), /: No defect found, score/);
	await page.click("#threshold-reset");
	assert.equal((await reading(page)).verdict, "defect");
	await moveThreshold(1);
	assert.equal((await reading(page)).verdict, "good");
	await moveThreshold(0);
	assert.equal((await reading(page)).verdict, "defect");
	assert.match(await page.textContent("#chart-text"), /good validation photos/);
	await page.click("#threshold-reset");
});

test("marks show how well the model tells photos apart, and where the threshold is best", async () => {
	await page.click("#clear");
	const of = (title) => category.samples.filter((sample) => sample.title.startsWith(title));
	const [good, defective] = [of("good"), [...of("hole"), ...of("thread")]];
	await page.setInputFiles("#files", [...good, ...defective].map(samplePath));
	await settled(page);
	for (const sample of defective) {
		await selectTile(page, nameOf(sample));
		await page.getByRole("button", { name: "defective", exact: true }).click();
	}
	await selectTile(page, nameOf(good[0]));
	await page.getByRole("button", { name: "good", exact: true }).click();
	await page.getByRole("button", { name: `All ${good.length - 1} unmarked too` }).click();
	await drawn(page);
	assert.match(
		await page.textContent("#evaluation-text"),
		/^Image AUROC 1\.000 on 5 marked photos\. .* misses 0 defective and takes 0 good for defective\./,
	);
	const cells = async () => {
		await drawn(page);
		return page.locator("#evaluation-table td.figure").allTextContents();
	};
	assert.deepEqual(await cells(), ["2", "0", "0", "3"]);
	assert.match(await page.textContent("#totals"), /^5 photos: 3 without a defect found, 2 with a defect\.$/);
	await moveThreshold(1);
	assert.deepEqual(await cells(), ["0", "2", "0", "3"]);
	await page.getByRole("button", { name: "Use this threshold" }).click();
	assert.deepEqual(await cells(), ["2", "0", "0", "3"]);
	assert.notEqual(await page.textContent("#threshold-value"), "1.000");
	await page.click("#threshold-reset");
});

test("a key moves the threshold finely, also where a defect's score is far above it", async () => {
	const read = async (selector) => Number(await page.textContent(selector));
	const [score, model] = [await read("#score"), await read("#threshold-value")];
	assert.ok(score > 10 * model, `${score} is no score far above ${model}`);
	await page.focus("#threshold");
	await page.keyboard.press("ArrowRight");
	await drawn(page);
	const moved = await read("#threshold-value");
	assert.ok(moved > model && moved < 1.02 * model, `${moved} is not a little above ${model}`);
	assert.equal(await page.getAttribute("#threshold", "aria-valuetext"), moved.toFixed(3));
	await page.click("#threshold-reset");
});

test("stopping drops what waits, and a stopped photo can be taken up again", async () => {
	// A fast machine must not be through before the click.
	await drop(page, copies(12));
	await page.waitForFunction(() => document.querySelector("#status").textContent.startsWith("Inspecting"));
	await page.click("#stop");
	await page.waitForFunction(() => document.querySelector("#stop").hidden);
	assert.equal(await page.textContent("#retry"), "Inspect the rest");
	assert.equal(await page.evaluate(() => document.activeElement.id), "retry");
	assert.ok((await results(page)).some(({ verdict }) => verdict === "not inspected"));
	assert.ok((await page.locator(".tile", { hasText: "Not inspected" }).count()) > 0);
	const last = page.locator(".tile", { hasText: "copy-11.webp" });
	assert.equal(await last.getAttribute("data-verdict"), "waiting");
	await selectTile(page, "copy-11.webp");
	await page.waitForSelector('#verdict:is([data-verdict="good"], [data-verdict="defect"])');
	assert.equal((await reading(page)).name, "copy-11.webp");
	await page.click("#retry");
	await settled(page);
	assert.ok(await page.locator("#retry").isHidden());
	for (const { photo, verdict } of await results(page)) assert.match(verdict, /^(good|defect)$/, photo);
	assert.deepEqual(page.mistakes, []);
});

test("the page draws on while it computes", async () => {
	await drop(page, copies(4));
	const frames = await page.evaluate(
		() =>
			new Promise((resolve) => {
				const during = new Map();
				const look = () => {
					const working = document.querySelector('.tile[data-verdict="working"]')?.textContent;
					if (working) during.set(working, (during.get(working) ?? 0) + 1);
					if (during.size > 0 && document.querySelector("#stop").hidden) resolve([...during.values()]);
					else requestAnimationFrame(look);
				};
				look();
			}),
	);
	// A page that computes by itself draws at most before a photo and after it.
	assert.ok(Math.max(...frames) > 2, `${frames} frames during each photo`);
});

test("everything can be done by keyboard", async () => {
	// Tab goes on from the top of the page.
	await page.locator("h1").click();
	const tabTo = async (selector) => {
		for (let i = 0; i < 60; i++) {
			await page.keyboard.press("Tab");
			if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) return;
		}
		assert.fail(`Tab never reaches ${selector}`);
	};
	await tabTo('#routes input[value="auto"]');
	await tabTo("#open");
	await tabTo(".tile");
	await tabTo("#samples li:nth-child(2) button");
	await page.keyboard.press("Enter");
	await page.waitForFunction(
		(name) => document.querySelector("#verdict-name").textContent === name,
		nameOf(category.samples[1]),
	);
	await settled(page);
	await tabTo("#threshold");
	const before = await page.inputValue("#threshold");
	await page.keyboard.press("PageUp");
	assert.notEqual(await page.inputValue("#threshold"), before);
	await page.click("#threshold-reset");
	await drop(page, copies(2));
	await settled(page);
	await page.locator('.tile[tabindex="0"]').focus();
	await page.keyboard.press("Home");
	await page.waitForSelector('.tile:first-child[aria-selected="true"]:focus');
	await page.keyboard.press("End");
	await page.waitForSelector('.tile:last-child[aria-selected="true"]:focus');
	// Photos that are added leave the focus where it is.
	await drop(page, copies(1, "added"));
	await settled(page);
	assert.ok(await page.evaluate(() => document.activeElement.matches(".tile:not(:last-child)")));
});

test("axe finds nothing to mend in the page, light or dark", async () => {
	await drop(page, [asFile("words.png", "image/png", Buffer.from("no photo"))]);
	await settled(page);
	await page.getByRole("button", { name: "New material" }).click();
	await page.getByLabel("Good samples").setInputFiles(samplePath(category.samples[0]));
	await page.locator("#good-samples img").waitFor();
	await page.evaluate(axe);
	for (const colorScheme of ["light", "dark"]) {
		await page.emulateMedia({ colorScheme });
		await drawn(page);
		const { violations } = await page.evaluate(() => globalThis.axe.run());
		const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`);
		assert.deepEqual(found, [], colorScheme);
	}
	await page.emulateMedia({ colorScheme: null });
});

test("a page as narrow as a phone has no sideways scroll", async () => {
	const { width, height } = page.viewportSize();
	await page.setViewportSize({ width: 360, height: 740 });
	if (!(await page.isVisible("#teach"))) await page.getByRole("button", { name: "New material" }).click();
	await drawn(page);
	const { wide, room } = await page.evaluate(() => ({
		wide: document.documentElement.scrollWidth,
		room: document.documentElement.clientWidth,
	}));
	assert.ok(wide <= room, `${wide} in ${room}`);
	await page.setViewportSize({ width, height });
});

test("both exports say the verdict, and which model, extractor and threshold judged", async () => {
	const file = modelFile(category.model);
	const { name, extractor_id, threshold } = description(file);
	const digest = hash("sha256", file.buffer, "hex");
	const [download] = await Promise.all([page.waitForEvent("download"), page.click("#save-csv")]);
	const table = readFileSync(await download.path(), "utf8");
	const [head, row] = table.split("\r\n").map((line) => line.split(","));
	assert.equal(head.slice(0, 7).join(), "photo,material,verdict,score,threshold,notes,model");
	const cell = (column) => row[head.indexOf(column)];
	assert.equal(cell("verdict"), "defect");
	assert.equal(cell("model"), name);
	assert.equal(cell("model_sha256"), digest);
	assert.equal(cell("extractor_id"), extractor_id);
	assert.ok(Math.abs(Number(cell("threshold")) - threshold) < 1e-6);
	const [json] = await results(page);
	assert.deepEqual([json.model, json.model_sha256, json.extractor_id], [name, digest, extractor_id]);
	assert.ok(Math.abs(json.threshold - threshold) < 1e-6);
	assert.equal(json.verdict, "defect");
});
