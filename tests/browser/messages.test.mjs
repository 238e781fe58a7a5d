import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { reading, start } from "./page.mjs";

let site;
before(async () => {
	site = await start();
});
after(() => site.stop());

/** What the page says where each worker throws this at a photo that it has inspected. */
async function saying(thrown) {
	const page = await site.open({ address: "about:blank" });
	await page.route("**/assets/worker-*.js", async (route) => {
		const response = await route.fetch();
		const body = `self.ImageData = class { constructor() { ${thrown} } }; ${await response.text()}`;
		await route.fulfill({ response, body });
	});
	await page.goto(site.address);
	await page.waitForSelector('#verdict[data-verdict="error"]');
	return (await reading(page)).text;
}

const causes = [
	[
		'throw new Error("The device is poisoned")',
		/The inspection program stopped unexpectedly.*reload the page/,
	],
	["undefined.pixels", /A part of this page failed. Reload the page/],
	['throw new RangeError("Array buffer allocation failed")', /too little free memory.*smaller photo/],
	[
		'throw new WebAssembly.RuntimeError("unreachable")',
		/stopped unexpectedly.*save that photo anew or smaller/,
	],
];

test("what nobody foresaw is told in a sentence with a remedy, never in the words of a program", async () => {
	for (const [thrown, expected] of causes) {
		const text = await saying(thrown);
		assert.match(text, expected, thrown);
		assert.doesNotMatch(text, /poison|undefined|unreachable|allocation|choose CPU/i, thrown);
	}
});
