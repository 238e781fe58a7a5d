import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { target, top } from "../../www/tools/run.mjs";
import { category, nameOf, results, samplePath, settled, start } from "./page.mjs";

const program = join(target, "release", "native-train");

let site;
before(async () => {
	site = await start();
});
after(() => site.stop());

function nativeScore(sample) {
	const model = join(top, "www", "public", "models", category.model);
	const text = execFileSync(program, ["predict", "--model", model, samplePath(sample), "--json", "-"], {
		encoding: "utf8",
		stdio: ["ignore", "pipe", "ignore"],
	});
	return JSON.parse(text.trim().split("\n")[0]).score;
}

test("the page scores every sample as the native program does", async () => {
	const page = await site.open();
	await settled(page);
	await page.click("#clear");
	await page.setInputFiles("#files", category.samples.map(samplePath));
	await settled(page);
	const rows = await results(page);
	for (const sample of category.samples) {
		const here = rows.find(({ photo }) => photo === nameOf(sample));
		const native = nativeScore(sample);
		assert.ok(Math.abs(here.score - native) < 1e-3, `${sample.file}: ${here.score} here, ${native} there`);
	}
});
