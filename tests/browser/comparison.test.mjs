import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { top } from "../../www/tools/run.mjs";
import { drawn, prependToWorker, settled, start } from "./page.mjs";

const reference = JSON.parse(readFileSync(join(top, "tests", "reference", "comparison.json"), "utf8"));

let site;
before(async () => {
	site = await start();
});
after(() => site.stop());

async function opened(script) {
	const page = await site.open({
		address: "about:blank",
		permissions: ["clipboard-read", "clipboard-write"],
	});
	if (script) await prependToWorker(page, script);
	await page.goto(site.address);
	await settled(page);
	await page.locator("#comparison-rows input").first().waitFor();
	page.setDefaultTimeout(40_000);
	return page;
}

/** Chooses rows by their ids, and how many photos are measured. */
async function choose(page, ids, count) {
	for (const box of await page.locator("#comparison-rows input").all())
		await box.setChecked(ids.includes(await box.inputValue()));
	await page.selectOption("#comparison-count", String(count));
}

async function measured(page) {
	await page.click("#comparison-start");
	await page.waitForFunction(() => document.querySelector("#comparison-status").textContent === "Measured.");
	await drawn(page);
}

async function copied(page, button) {
	await page.click(button);
	await page.waitForFunction(() => document.querySelector("#comparison-said").textContent === "Copied.");
	return page.evaluate(() => navigator.clipboard.readText());
}

test("the comparison shows the paper's Table 3, measures rows beside it, and gives them away", async () => {
	const page = await opened();
	const paper = await page.textContent("#comparison-table");
	for (const figure of ["172 ms", "45.9 ms", "30 ms", "16 ms", "18 ms"])
		assert.ok(paper.includes(figure), figure);
	await choose(page, ["cse-shipped", "stfpm"], 3);
	await measured(page);
	for (const id of ["cse-shipped", "stfpm"]) {
		const line = await page.textContent(`tbody[data-contender="${id}"] tr[data-route="cpu"]`);
		assert.match(line, /^CPU.*median of 3/);
		assert.ok((line.match(/\d ?m?s/g) ?? []).length >= 5, line);
	}
	// A dot for each photo.
	assert.equal(await page.locator("#comparison-plot circle").count(), 6);

	const markdown = await copied(page, "#comparison-markdown");
	assert.match(markdown, /\| STFPM \| ResNet-18 \| CPU \(wasm\) \| [\d.]+ m?s/);
	assert.match(markdown, /- browser: .*Chrom/);
	const { rows } = JSON.parse(await copied(page, "#comparison-json"));
	const stfpm = rows.find(({ row }) => row === "stfpm");
	assert.equal(stfpm.runs.length, 3);
	const { parameters, multiply_adds } = stfpm;
	assert.deepEqual({ parameters, multiply_adds }, reference.methods.stfpm);
	const [download] = await Promise.all([page.waitForEvent("download"), page.click("#comparison-png")]);
	const picture = readFileSync(await download.path());
	assert.equal(picture.subarray(1, 4).toString(), "PNG");
	// Twice 860 pixels wide.
	assert.equal(picture.readUInt32BE(16), 1720);
	assert.deepEqual(page.mistakes, []);
	await page.context().close();
});

test("ONNX Runtime Web is loaded on demand, and its times stand beside those of the same backbone", async () => {
	const page = await opened();
	const asked = [];
	page.on("request", (request) => asked.push(new URL(request.url()).pathname));
	await choose(page, ["cse-shipped", "stfpm"], 3);
	await measured(page);
	assert.deepEqual(
		asked.filter((path) => /onnx|ort-/.test(path)),
		[],
	);
	assert.doesNotMatch(await page.textContent("#comparison-table"), /ONNX/);
	await page.getByLabel(/ONNX Runtime Web/).check();
	await measured(page);
	assert.ok(asked.some((path) => path.endsWith("/backbones/ResNet-18.onnx")));
	const { rows, environment, onnx_runtime_web } = JSON.parse(await copied(page, "#comparison-json"));
	assert.match(environment["ONNX Runtime Web"], /^1\.\d+\.\d+, CPU, one thread$/);
	assert.deepEqual(Object.keys(onnx_runtime_web).sort(), ["EfficientNet-B0", "ResNet-18"]);
	const middle = (numbers) => numbers.toSorted((a, b) => a - b)[1];
	const markdown = await copied(page, "#comparison-markdown");
	for (const { method, backbone, runs } of rows) {
		const times = onnx_runtime_web[backbone];
		assert.equal(times.length, 3);
		assert.ok(
			times.every((time) => time > 1),
			times,
		);
		const cells = markdown.split("\n").find((line) => line.startsWith(`| ${method} | ${backbone} | CPU`));
		const ratio = Number(cells.split(" | ")[8]);
		const own = middle(runs.map((run) => run.backbone));
		assert.ok(Math.abs(ratio / (own / middle(times)) - 1) < 0.1, `${ratio}: ${own}, ${times}`);
	}
	assert.deepEqual(page.mistakes, []);

	await page.route("**/backbones/*", (route) => route.abort());
	await choose(page, ["cse-shipped"], 1);
	await page.click("#comparison-start");
	await page.locator("#comparison-status", { hasText: "Measured. ONNX Runtime Web did not run" }).waitFor();
	assert.equal(await page.locator('tr[data-route="cpu"]').count(), 1);
	await page.context().close();
});

test("the time of a slow step is the step's, and the photo's", async () => {
	// The engine's clock is read at the start of a photo and after each of three steps. Before the third reading, when the
	// backbone is done, it goes on by three seconds.
	const slow = () => {
		const real = performance.now.bind(performance);
		let [ahead, readings] = [0, 0];
		self.addEventListener("message", ({ data }) => {
			readings = data.name === "contend" ? 0 : Number.NaN;
		});
		performance.now = () => {
			readings += 1;
			if (readings === 3) ahead += 3000;
			return real() + ahead;
		};
	};
	const page = await opened(`(${slow})()`);
	await choose(page, ["cse-shipped"], 3);
	await measured(page);
	const { rows } = JSON.parse(await copied(page, "#comparison-json"));
	for (const { input, backbone, method } of rows[0].runs) {
		assert.ok(backbone > 3000 && backbone < 6000, `backbone ${backbone}`);
		assert.ok(input < 1000 && method < 1000, `${input}, ${method}`);
	}
	const line = await page.textContent(`tbody[data-contender="cse-shipped"] tr[data-route="cpu"]`);
	// The whole photo and its backbone.
	assert.equal((line.match(/3\d{3} ms/g) ?? []).length >= 4, true, line);
	await page.context().close();
});

test("the comparison stops at once, keeps what it has, and gives the page back", async () => {
	const page = await opened();
	await choose(page, ["cse-b3", "padim"], 20);
	await page.click("#comparison-start");
	await page.locator('tbody[data-contender="cse-b3"] tr[data-route="cpu"]').waitFor();
	await page.click("#comparison-stop");
	await page.waitForFunction(() =>
		document.querySelector("#comparison-status").textContent.startsWith("Stopped"),
	);
	await drawn(page);
	assert.ok(await page.locator("#comparison-start").isEnabled());
	assert.equal(await page.evaluate(() => document.activeElement.id), "comparison-start");
	assert.equal(await page.locator('tr[data-route="cpu"]').count(), 1);
	await page.locator("#samples button").first().click();
	await settled(page);
	assert.deepEqual(page.mistakes, []);
	await page.context().close();
});
