import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import {
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
} from "./page.mjs";
import { asFile } from "./photos.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let site;
before(async () => {
	site = await start();
});
after(() => site.stop());

function copies(count) {
	const buffer = readFileSync(samplePath(category.samples[0]));
	return Array.from({ length: count }, (_, i) => asFile(`copy-${i}.webp`, "image/webp", buffer));
}

async function moveThreshold(page, part) {
	await page.locator("#threshold").evaluate((slider, to) => {
		slider.value = String(Number(slider.max) * to);
		slider.dispatchEvent(new Event("input", { bubbles: true }));
	}, part);
}

test("moving the threshold changes the verdict, and the reset brings it back", async () => {
	const page = await site.open();
	await settled(page);
	assert.equal((await reading(page)).verdict, "defect");
	await moveThreshold(page, 1);
	assert.equal((await reading(page)).word, "No defect found");
	// Neither the status line nor what a screen reader hears may keep the old verdict.
	for (const line of ["#status", "#spoken-verdict"])
		assert.match(await page.textContent(line), /: No defect found, score/);
	await page.click("#threshold-reset");
	assert.equal((await reading(page)).verdict, "defect");
	await moveThreshold(page, 1);
	assert.equal((await reading(page)).verdict, "good");
	await moveThreshold(page, 0);
	assert.equal((await reading(page)).verdict, "defect");
	assert.match(await page.textContent("#chart-text"), /good validation photos/);
});

test("beside a defect's score the threshold can still be set finely", async () => {
	const page = await site.open();
	await settled(page);
	const read = async (selector) => Number(await page.textContent(selector));
	const [score, model] = [await read("#score"), await read("#threshold-value")];
	assert.ok(score > 10 * model, `${score} is no score far above ${model}`);
	await page.focus("#threshold");
	await page.keyboard.press("ArrowRight");
	await drawn(page);
	const moved = await read("#threshold-value");
	assert.ok(moved > model && moved < 1.02 * model, `${moved} is not a little above ${model}`);
	assert.equal(await page.getAttribute("#threshold", "aria-valuetext"), moved.toFixed(3));
});

test("stopping drops what waits, and a stopped photo can be taken up again", async () => {
	const page = await site.open();
	await settled(page);
	// So many that a fast machine is not through before the click.
	await drop(page, copies(24));
	await page.waitForFunction(() => document.querySelector("#status").textContent.startsWith("Inspecting"));
	await page.click("#stop");
	await page.waitForFunction(() => document.querySelector("#stop").hidden);
	assert.equal(await page.textContent("#retry"), "Inspect the rest");
	assert.equal(await page.evaluate(() => document.activeElement.id), "retry");
	assert.ok((await results(page)).some(({ verdict }) => verdict === "not inspected"));
	assert.ok((await page.locator(".tile", { hasText: "Not inspected" }).count()) > 0);
	const last = page.locator(".tile", { hasText: "copy-23.webp" });
	assert.equal(await last.getAttribute("data-verdict"), "waiting");
	await selectTile(page, "copy-23.webp");
	await page.waitForSelector('#verdict:is([data-verdict="good"], [data-verdict="defect"])');
	assert.equal((await reading(page)).name, "copy-23.webp");
	await page.click("#retry");
	await settled(page);
	assert.ok(await page.locator("#retry").isHidden());
	for (const { photo, verdict } of await results(page)) assert.match(verdict, /^(good|defect)$/, photo);
	assert.deepEqual(page.mistakes, []);
});

test("the page draws on while it computes", async () => {
	const page = await site.open();
	await settled(page);
	await drop(page, copies(24));
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
	// A page that computes itself draws before a photo and after it, at most.
	assert.ok(Math.max(...frames) > 2, `${frames} frames during each photo`);
});

test("everything can be done by keyboard", async () => {
	const page = await site.open();
	await settled(page);
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
	await tabTo("#samples button");
	await page.keyboard.press("Enter");
	await page.waitForFunction(
		(name) => document.querySelector("#verdict-name").textContent === name,
		nameOf(category.samples[0]),
	);
	await settled(page);
	await tabTo("#threshold");
	const before = await page.inputValue("#threshold");
	await page.keyboard.press("PageUp");
	assert.notEqual(await page.inputValue("#threshold"), before);
	await drop(page, copies(2));
	await settled(page);
	await page.locator('.tile[tabindex="0"]').focus();
	await page.keyboard.press("Home");
	await page.waitForSelector('.tile:first-child[aria-selected="true"]:focus');
	await page.keyboard.press("End");
	await page.waitForSelector('.tile:last-child[aria-selected="true"]:focus');
	// Photos that are added leave the focus where it is.
	await drop(page, copies(1));
	await settled(page);
	assert.ok(await page.evaluate(() => document.activeElement.matches(".tile:not(:last-child)")));
});

for (const colorScheme of ["light", "dark"]) {
	test(`axe finds nothing to mend in the ${colorScheme} page`, async () => {
		const page = await site.open({ colorScheme });
		await settled(page);
		await drop(page, [asFile("words.png", "image/png", Buffer.from("no photo"))]);
		await settled(page);
		await page.evaluate(axe);
		const { violations } = await page.evaluate(() => globalThis.axe.run());
		const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`);
		assert.deepEqual(found, []);
	});
}

test("the timing fills its table beside the paper's figures, and can be stopped", async () => {
	const page = await site.open();
	await settled(page);
	await page.selectOption("#timing-count", "3");
	await page.click("#timing-start");
	await page.waitForFunction(() => document.querySelector("#timing-status").textContent === "Measured.");
	const [row] = await page.locator("#timing-own tr:not(.group)").allTextContents();
	assert.match(row, /^CPU.*median of 3/);
	assert.ok((row.match(/\d ?m?s/g) ?? []).length >= 8, row);
	assert.ok((await page.textContent("#timing-table caption")).includes(category.title));
	// One cold and three warm, of the seven samples.
	assert.match(await page.textContent("#timing-own .group"), /on 4 photos$/);
	const paper = await page.textContent("#timing-paper");
	for (const figure of ["172 ms", "45.9 ms", "30 ms", "16 ms", "18 ms"])
		assert.ok(paper.includes(figure), figure);

	await page.click("#timing-start");
	await page.click("#timing-stop");
	await page.waitForFunction(() =>
		document.querySelector("#timing-status").textContent.startsWith("Stopped"),
	);
	await drawn(page);
	assert.ok(await page.locator("#timing-start").isEnabled());
	assert.equal(await page.evaluate(() => document.activeElement.id), "timing-start");
});

test("a phone has no sideways scroll", async () => {
	const page = await site.open({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
	await settled(page);
	const { wide, room } = await page.evaluate(() => ({
		wide: document.documentElement.scrollWidth,
		room: document.documentElement.clientWidth,
	}));
	assert.ok(wide <= room, `${wide} in ${room}`);
});

test("results can be saved as a table", async () => {
	const page = await site.open();
	await settled(page);
	const [download] = await Promise.all([page.waitForEvent("download"), page.click("#save-csv")]);
	const [head, row] = readFileSync(await download.path(), "utf8").split("\r\n");
	assert.match(head, /^photo,material,verdict,score,threshold,notes,model,/);
	assert.match(row, /,defect,/);
});
