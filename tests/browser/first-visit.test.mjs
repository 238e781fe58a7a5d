import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { get } from "node:http";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { top } from "../../www/tools/run.mjs";
import { reading, settled, start } from "./page.mjs";

let site;
before(async () => {
	site = await start();
});
after(() => site.stop());

const program = `assets/${readdirSync(join(top, "dist", "assets")).find((name) => name.endsWith(".wasm"))}`;

function ask(path, encoding) {
	return new Promise((resolve, reject) => {
		const options = encoding ? { headers: { "Accept-Encoding": encoding } } : {};
		get(`${site.address}${path}`, options, (response) => {
			const parts = [];
			response.on("data", (part) => parts.push(part));
			response.on("end", () => resolve({ headers: response.headers, body: Buffer.concat(parts) }));
		}).on("error", reject);
	});
}

test("files are served compressed to browsers that take it, and plain to others", async () => {
	const plain = readFileSync(join(top, "dist", program));
	const [br, gzip, none] = await Promise.all(["br", "gzip", undefined].map((one) => ask(program, one)));
	assert.equal(br.headers["content-encoding"], "br");
	assert.ok(brotliDecompressSync(br.body).equals(plain));
	assert.equal(gzip.headers["content-encoding"], "gzip");
	assert.ok(gunzipSync(gzip.body).equals(plain));
	assert.equal(none.headers["content-encoding"], undefined);
	assert.ok(none.body.equals(plain));
	for (const { headers } of [br, gzip, none]) {
		assert.equal(headers["content-type"], "application/wasm");
		assert.match(headers.vary ?? "", /accept-encoding/i);
	}
	assert.ok(br.body.length < plain.length / 2);
});

test("the server says who may frame the page, what it may ask, and how long a file may be kept", async () => {
	const page = await ask("");
	assert.match(page.headers["content-security-policy"], /default-src 'self'.*frame-ancestors 'none'/);
	assert.equal(page.headers["cross-origin-opener-policy"], "same-origin");
	assert.equal(page.headers["cross-origin-embedder-policy"], "require-corp");
	assert.equal(page.headers["cache-control"], "no-cache");
	assert.equal((await ask("service-worker.js")).headers["cache-control"], "no-cache");
	assert.match((await ask(program)).headers["cache-control"], /immutable/);
});

test("program, extractor and model arrive at the same time, under one bar that is true", async () => {
	const page = await site.open({ address: "about:blank" });
	const client = await page.context().newCDPSession(page);
	await client.send("Network.enable");
	const speed = 4e6;
	await client.send("Network.emulateNetworkConditions", {
		offline: false,
		latency: 20,
		downloadThroughput: speed,
		uploadThroughput: speed,
	});
	await page.goto(site.address);
	const seen = await page.evaluate(
		() =>
			new Promise((resolve) => {
				const all = [];
				const look = () => {
					const bar = document.querySelector("#progress");
					const text = document.querySelector("#status").textContent;
					if (text.startsWith("Fetching"))
						all.push({ text, value: bar.value, max: bar.max, time: performance.now() });
					else if (all.length > 0) return resolve(all);
					requestAnimationFrame(look);
				};
				look();
			}),
	);
	assert.ok(
		seen.some(({ text }) => ["program", "extractor", "model"].every((name) => text.includes(name))),
		seen.at(-1).text,
	);
	const last = seen.at(-1);
	assert.ok(last.value >= 0.95 * last.max, `ended at ${last.value} of ${last.max}`);
	for (const [i, { value }] of seen.entries()) {
		assert.ok(i === 0 || value >= seen[i - 1].value, "the bar went back");
	}
	// The bar counts the bytes that travel, so its pace is the network's.
	const middle = seen[seen.length >> 1];
	const seconds = (last.time - middle.time) / 1000;
	const pace = (last.value - middle.value) / seconds;
	assert.ok(pace > 0.5 * speed && pace < 1.5 * speed, `${pace} bytes a second`);
	await settled(page);
	assert.equal((await reading(page)).verdict, "defect");
	assert.deepEqual(page.mistakes, []);
});
