import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { prependToWorker, reading, start } from "./page.mjs";

let site;
before(async () => {
	site = await start();
});
after(() => site.stop());

// www/tests/sentence.test.ts has the sentences for other causes.
test("a trap of the program is told in a sentence with a remedy, not in the program's words", async () => {
	const page = await site.open({ address: "about:blank" });
	await prependToWorker(
		page,
		'self.ImageData = class { constructor() { throw new WebAssembly.RuntimeError("unreachable"); } }',
	);
	await page.goto(site.address);
	await page.waitForSelector('#verdict[data-verdict="error"]');
	const { text } = await reading(page);
	assert.match(text, /stopped unexpectedly.*save that photo anew or smaller/);
	assert.doesNotMatch(text, /unreachable|choose CPU/i);
});
