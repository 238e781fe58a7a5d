// Teaches a material wholly on a software GPU. It takes minutes, so `npm test` leaves it out: run `npm run test:gpu-teaching`.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { target } from "../../www/tools/run.mjs";
import { reading, results, settled, start } from "./page.mjs";

test("four photos are learnt on a software GPU in ten steps, and CPU and GPU agree on the model", async (t) => {
	const folder = mkdtempSync(join(tmpdir(), "gpu-teaching-"));
	const site = await start({ webgpu: true });
	t.after(async () => {
		await site.stop();
		rmSync(folder, { recursive: true });
	});
	const photos = ["demo-photos", "--out", folder, "--train", "4", "--good", "1", "--defective", "1"];
	execFileSync(join(target, "release", "native-train"), photos, { stdio: "ignore" });
	const good = join(folder, "cork", "train", "good");
	const page = await site.open();
	page.setDefaultTimeout(1_200_000);
	await settled(page);
	await page.click("#clear");
	await page.check('#routes input[value="webgpu"]', { force: true });
	await page.getByRole("button", { name: "New material" }).click();
	await page.getByLabel("Good samples").setInputFiles(readdirSync(good).map((name) => join(good, name)));
	await page.locator("#learn:enabled").waitFor();
	await page.getByText("More settings").click();
	await page.getByLabel("Settings, as of the command train").fill("--steps 10 --defects-per-image 1");
	const began = Date.now();
	await page.getByRole("button", { name: "Learn" }).click();
	const reached = {};
	for (const state of ["quick", "training", "done"]) {
		await page.waitForFunction((wanted) => document.querySelector("main").dataset.teaching === wanted, state);
		reached[state] = `${((Date.now() - began) / 1000).toFixed(0)} s`;
	}
	t.diagnostic(`reached after: ${JSON.stringify(reached)}`);
	await page.setInputFiles("#files", join(folder, "cork", "test", "scorch", "000.png"));
	await page.waitForFunction(() => document.querySelector("#stages-device").textContent.startsWith("GPU"));
	await settled(page);
	assert.match((await reading(page)).device, /software adapter/);
	const [onGpu] = await results(page);
	await page.check('#routes input[value="cpu"]', { force: true });
	await page.waitForFunction(() => document.querySelector("#stages-device").textContent.startsWith("CPU"));
	const [onCpu] = await results(page);
	assert.ok(
		Math.abs(onGpu.score - onCpu.score) < 1e-3,
		`${onGpu.score} on the GPU, ${onCpu.score} on the CPU`,
	);
	assert.deepEqual(page.mistakes, []);
});
