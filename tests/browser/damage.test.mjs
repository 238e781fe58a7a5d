import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { category, reading, settled, start } from "./page.mjs";

let site;
before(async () => {
	site = await start();
});
after(() => site.stop());

// The extractor comes as the model does. www/tests/fetching.test.ts has the other ways in which a download fails.
const files = [
	["model", `**/models/${category.model}`],
	["program", "**/*.wasm"],
];

for (const [what, address] of files) {
	test(`a damaged download of the ${what} is reported, and fetched anew by Try again`, async () => {
		const page = await site.open({ address: "about:blank" });
		let asked = 0;
		await page.route(address, async (route) => {
			asked += 1;
			if (asked > 1) return route.continue();
			const response = await route.fetch();
			const body = await response.body();
			// One bit, in the middle of the file.
			body[body.length >> 1] ^= 1;
			return route.fulfill({ response, body });
		});
		await page.goto(site.address);
		await page.waitForSelector("#retry:visible");
		const text = await page.textContent("#status");
		assert.match(text, new RegExp(`^The ${what} did not arrive as it was published.*Try again`));
		await page.click("#retry");
		await settled(page);
		assert.equal((await reading(page)).verdict, "defect");
		assert.equal(asked, 2);
		assert.deepEqual(page.mistakes, []);
	});
}
