import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { target } from "../../www/tools/run.mjs";
import { tensor } from "./model-files.mjs";
import { drawn, patience, reading, results, settled, start } from "./page.mjs";
import { asFile } from "./photos.mjs";
import { randomB3, randomResNet18 } from "./published-weights.mjs";

const program = join(target, "release", "native-train");
const native = (...args) =>
	execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], env: process.env });

/** A material that the page has no model of: cloth of other threads than the shipped one. */
const seed = "7";
const folder = mkdtempSync(join(tmpdir(), "teaching-"));
const material = join(folder, "cloth");
const photosIn = (...path) => {
	const place = join(material, ...path);
	return readdirSync(place)
		.toSorted()
		.map((name) => join(place, name));
};

let site;
before(async () => {
	native("demo-photos", "--out", folder, "--seed", seed, "--train", "12", "--good", "3", "--defective", "2");
	site = await start();
});
after(async () => {
	await site.stop();
	rmSync(folder, { recursive: true });
});

const teaching = (page) => page.getAttribute("main", "data-teaching");
const reaches = (page, ...states) =>
	page.waitForFunction((wanted) => wanted.includes(document.querySelector("main").dataset.teaching), states);

async function ready(page, photos, name) {
	await page.getByRole("button", { name: "New material" }).click();
	await page.getByLabel("Good samples").setInputFiles(photos);
	await page.getByLabel("Name", { exact: true }).fill(name);
	await page.locator("#learn:enabled").waitFor();
}

/** The page's results of some photos, in their order. */
async function verdicts(page, photos) {
	await drawn(page);
	if (await page.locator("#clear").isEnabled()) await page.click("#clear");
	const named = photos.map((path) => asFile(nameOf(path), "image/png", readFileSync(path)));
	await page.setInputFiles("#files", named);
	await settled(page);
	const rows = await results(page);
	return photos.map((path) => rows.find(({ photo }) => photo === nameOf(path)));
}

/** Kind of the photo and name of its file. Photos of different kinds have the same file names. */
function nameOf(path) {
	return path.split("/").slice(-2).join("-");
}

async function saved(page) {
	const [download] = await Promise.all([
		page.waitForEvent("download"),
		page.getByRole("button", { name: "Save model" }).click(),
	]);
	const path = join(folder, download.suggestedFilename());
	await download.saveAs(path);
	return path;
}

test("a visitor teaches a material, inspects with it, keeps it and carries it elsewhere", async () => {
	const page = await site.open();
	await settled(page);
	assert.equal(await teaching(page), "idle");
	const good = photosIn("train", "good");
	await ready(page, good, "Blue twill");
	assert.equal(await page.locator("#good-samples li").count(), good.length);
	await page.getByRole("button", { name: "Learn" }).click();

	// The first model can be inspected with while the second is being trained.
	await reaches(page, "quick", "training");
	const tests = [...photosIn("test", "good"), ...photosIn("test", "hole")];
	const first = await verdicts(page, tests);
	assert.notEqual(await teaching(page), "done");
	assert.ok(first.every(({ material }) => material === "Blue twill"));

	await reaches(page, "done");
	await settled(page);
	assert.match(await page.textContent("#spoken-teaching"), /is learnt/);
	const second = await verdicts(page, tests);
	const of = (rows) => rows.map(({ photo, verdict }) => [photo, verdict]);
	const expected = tests.map((path) => [nameOf(path), path.includes("hole") ? "defect" : "good"]);
	assert.deepEqual(of(second), expected);
	assert.notDeepEqual(
		first.map(({ score }) => score),
		second.map(({ score }) => score),
	);

	// The command line uses the file, and gives the same scores.
	const path = await saved(page);
	assert.ok(path.endsWith("Blue twill.safetensors"));
	const there = native("predict", "--model", path, ...tests, "--json", "-")
		.trim()
		.split("\n")
		.map((line) => JSON.parse(line).score);
	for (const [index, { photo, score }] of second.entries())
		assert.ok(Math.abs(score - there[index]) < 1e-3, `${photo}: ${score} here, ${there[index]} there`);

	// It is the training of the command line: same photos and seed, same course.
	const own = join(folder, "own.safetensors");
	const settings = ["--preset", "quick", "--name", "Blue twill", "--device", "cpu"];
	native("train", "--data", join(material, "train"), "--out", own, ...settings);
	// Step, training loss and validation loss of each validation.
	const losses = (file, member) => tensor({ buffer: readFileSync(file) }, `losses.${member}`);
	for (const member of [0, 1, 2]) {
		const [here, there_] = [losses(path, member), losses(own, member)];
		assert.ok(here.length > 20, "ten validations of three numbers");
		// Rounding drives longer trainings apart.
		for (let at = 0; here[at] <= 20; at += 3) {
			const both = [here, there_].map((all) => all.slice(at, at + 3));
			const near = both[0].every((value, i) => Math.abs(value - both[1][i]) < 1e-3);
			assert.ok(near, `embedder ${member}: ${both[0]} here, ${both[1]} there`);
		}
	}

	// It is there again after a reload, and can be deleted.
	await page.reload();
	await settled(page);
	await page.selectOption("#category", { label: "Blue twill" });
	const [again] = await verdicts(page, tests.slice(-1));
	assert.ok(Math.abs(again.score - second.at(-1).score) < 1e-6);
	await page.getByRole("button", { name: "New material" }).click();
	const remove = page.getByRole("button", { name: "Delete Blue twill" });
	await remove.click();
	// The page lists the model until it is deleted.
	await remove.waitFor({ state: "detached" });
	await page.reload();
	await settled(page);
	assert.equal(await page.locator("#category option", { hasText: "Blue twill" }).count(), 0);
	assert.deepEqual(page.mistakes, []);

	// In another browser profile the file is dropped.
	const elsewhere = await site.open();
	await settled(elsewhere);
	await elsewhere.setInputFiles("#files", path);
	await elsewhere.waitForFunction(() =>
		/Blue twill/.test(document.querySelector("#category").selectedOptions[0].text),
	);
	const [carried] = await verdicts(elsewhere, tests.slice(-1));
	assert.ok(Math.abs(carried.score - second.at(-1).score) < 1e-6);
});

test("a teaching that is paused and cancelled leaves the first model in use", async () => {
	const page = await site.open();
	await settled(page);
	const [file] = photosIn("test", "hole");
	await ready(page, photosIn("train", "good").slice(0, 4), "Cut short");
	await page.getByRole("button", { name: "Learn" }).click();
	await reaches(page, "training");
	await page.getByRole("button", { name: "Pause" }).click();
	const step = () => page.getAttribute("#teach-progress", "value");
	await page.waitForFunction(() => /Paused/.test(document.querySelector("#teach-status").textContent));
	await page.waitForTimeout(1500);
	const paused = await step();
	await page.waitForTimeout(1500);
	assert.equal(await step(), paused);
	await page.getByRole("button", { name: "Go on" }).click();
	await page.waitForFunction(
		(before) => document.querySelector("#teach-progress").value > before,
		Number(paused),
	);
	await page.getByRole("button", { name: "Cancel" }).click();
	await reaches(page, "quick");
	assert.match(await page.textContent("#teach-status"), /^Cancelled\. The first, simpler model/);
	await verdicts(page, [file]);
	assert.equal((await reading(page)).name, nameOf(file));
	assert.deepEqual(page.mistakes, []);
});

test("a file that is no photo is named, and not learnt from", { timeout: patience }, async () => {
	const page = await site.open();
	await settled(page);
	await page.getByRole("button", { name: "New material" }).click();
	const photos = photosIn("train", "good").slice(0, 3);
	await page.getByLabel("Good samples").setInputFiles(photos);
	await page.waitForFunction(() => /Add 1 more/.test(document.querySelector("#teach-status").textContent));
	assert.equal(await page.locator("#learn").isDisabled(), true);
	const broken = { name: "broken.png", mimeType: "image/png", buffer: Buffer.from("no photo") };
	await page.getByLabel("Good samples").setInputFiles([broken]);
	const item = page.locator("#good-samples li", { hasText: "broken.png" });
	await item.locator("text=/broken.png: .+/").waitFor();
	assert.equal(await page.locator("#learn").isDisabled(), true);
	await item.getByRole("button", { name: "Remove broken.png" }).click();
	await page.getByLabel("Good samples").setInputFiles(photosIn("train", "good").slice(3, 4));
	await page.locator("#learn:enabled").waitFor();
});

test("ImageNet's EfficientNet-B3 in timm's file becomes an extractor to teach with, and stays", async () => {
	const page = await site.open();
	await settled(page);
	await page.setInputFiles("#files", randomB3());
	await page.waitForFunction(() =>
		/efficientnet_b3 is loaded/.test(document.querySelector("#status").textContent),
	);
	await ready(page, photosIn("train", "good").slice(0, 4), "By B3");
	await page.getByText("More settings").click();
	await page.getByLabel("Extractor").selectOption({ label: "efficientnet_b3 (model.safetensors)" });
	await page.getByLabel("Settings, as of the command train").fill("--steps 10 --defects-per-image 1");
	await page.getByRole("button", { name: "Learn" }).click();
	await reaches(page, "done");
	const [tested] = photosIn("test", "hole");
	const [row] = await verdicts(page, [tested]);
	assert.ok(Number.isFinite(row.score) && row.material === "By B3");
	await page.reload();
	await settled(page);
	await page.selectOption("#category", { label: "By B3" });
	const [again] = await verdicts(page, [tested]);
	assert.ok(Math.abs(again.score - row.score) < 1e-6);
	assert.deepEqual(page.mistakes, []);
});

test("PatchCore and PaDiM learn in the page with a dropped checkpoint of a ResNet-18, and the command line agrees", async () => {
	const page = await site.open();
	await settled(page);
	const weights = await randomResNet18();
	await page.setInputFiles("#files", weights);
	await page.waitForFunction(() => /resnet18 is loaded/.test(document.querySelector("#status").textContent));
	const good = photosIn("train", "good").slice(0, 6);
	await ready(page, good, "By a ResNet");
	await page.getByText("More settings").click();
	await page.getByLabel("Extractor").selectOption({ label: "resnet18 (resnet18.pth)" });
	const settings = page.getByLabel("Settings, as of the command train");
	await settings.fill("--method cse");
	await page.getByRole("button", { name: "Learn" }).click();
	await page.locator("#teach-status", { hasText: "patchcore and padim need a ResNet" }).waitFor();
	const [tested] = photosIn("test", "hole");
	const file = join(folder, "resnet18.pth");
	writeFileSync(file, weights.buffer);
	const extractor = join(folder, "extractor.safetensors");
	native("weights", "import", file, "--out", extractor);
	for (const method of ["", "--method padim"]) {
		await settings.fill(method);
		await page.getByRole("button", { name: "Learn" }).click();
		// The learning before it has left the page done.
		await reaches(page, "idle");
		await reaches(page, "done");
		const [row] = await verdicts(page, [tested]);
		assert.equal(row.verdict, "defect", method);
		const [download] = await Promise.all([
			page.waitForEvent("download"),
			page.getByRole("button", { name: "Save model" }).click(),
		]);
		const model = join(folder, "by-a-resnet.safetensors");
		await download.saveAs(model);
		const line = native("predict", "--model", model, "--extractor", extractor, "--json", "-", tested);
		const { score } = JSON.parse(line.trim().split("\n").at(-1));
		assert.ok(Math.abs(score / row.score - 1) < 1e-3, `${method}: ${score}, and ${row.score} in the page`);
	}
	assert.deepEqual(page.mistakes, []);
});

test("a setting that does not exist is named", async () => {
	const page = await site.open();
	await settled(page);
	await ready(page, photosIn("train", "good").slice(0, 4), "Odd");
	await page.getByText("More settings").click();
	for (const [settings, answer] of [
		["--colour 3", /colour/],
		["--members 99", /99 is no value of --members: give a number from 1 to 16/],
		["--preset best", /is no preset: give default, quick/],
		["seven", /not understood at “seven”/],
	]) {
		await page.getByLabel("Settings, as of the command train").fill(settings);
		await page.getByRole("button", { name: "Learn" }).click();
		await page.waitForFunction(
			(wanted) => new RegExp(wanted).test(document.querySelector("#teach-status").textContent),
			answer.source,
		);
		assert.equal(await teaching(page), "idle");
	}
});

test("EfficientNet-B3 is fetched from the hub only when the visitor asks for it", async () => {
	const page = await site.open();
	const asked = [];
	page.on("request", (request) => {
		const { host } = new URL(request.url());
		if (request.url().startsWith("http") && host !== new URL(site.address).host) asked.push(request.url());
	});
	const { buffer } = randomB3();
	await page.route("https://huggingface.co/**", (route) =>
		route.fulfill({ body: buffer, headers: { "access-control-allow-origin": "*" } }),
	);
	await settled(page);
	await page.getByRole("button", { name: "New material" }).click();
	await page.getByText("More settings").click();
	await page.getByRole("button", { name: "Get EfficientNet-B3" }).click();
	assert.deepEqual(asked, []);
	await page.getByRole("button", { name: "Download from huggingface.co" }).click();
	await page
		.locator("#teach-extractor option", { hasText: "efficientnet_b3" })
		.waitFor({ state: "attached" });
	const address = "https://huggingface.co/timm/efficientnet_b3.ra2_in1k/resolve/main/model.safetensors";
	assert.deepEqual(asked, [address]);
	assert.deepEqual(page.mistakes, []);
});

test("one core teaches too, behind another tab, and learns again with a photo that was marked as good", async () => {
	const page = await site.open();
	await page.context().addInitScript(() => {
		Object.defineProperty(navigator, "hardwareConcurrency", { get: () => 1 });
	});
	await page.reload();
	await settled(page);
	await ready(page, photosIn("train", "good").slice(0, 4), "Alone");
	await page.getByText("More settings").click();
	await page.getByLabel("Settings, as of the command train").fill("--steps 3 --defects-per-image 1");
	await page.getByRole("button", { name: "Learn" }).click();
	// A tab behind another one draws once a second.
	const other = await page.context().newPage();
	await other.bringToFront();
	await reaches(page, "done");
	await other.close();
	await page.bringToFront();
	assert.deepEqual(page.workers().length, 2, "one that inspects and one that teaches");
	await verdicts(page, photosIn("test", "good").slice(0, 1));
	await page.getByRole("button", { name: "good", exact: true }).click();
	await page.getByRole("button", { name: "Add 1 good photo and learn again" }).click();
	await page.waitForFunction(() =>
		/^Learnt from 5 photos/.test(document.querySelector("#teach-status").textContent),
	);
	assert.equal(await page.locator("#good-samples li").count(), 5);
	const names = await page.locator("#category option", { hasText: "Alone" }).allTextContents();
	assert.deepEqual(names, ["Alone", "Alone 2"]);
});
