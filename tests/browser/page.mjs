// Opens the built page in a real Chromium, and does on it what many tests need.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { top } from "../../www/tools/run.mjs";
import { serve } from "../../www/tools/serve.mjs";

export const publicFolder = join(top, "www", "public");
const flags = [
	"--headless",
	"--no-sandbox",
	"--disable-quic",
	"--no-first-run",
	"--disable-background-networking",
	"--disable-component-update",
	"--disable-sync",
];

/** Long enough for a full forward pass on a software GPU with a busy processor. */
export const patience = 180_000;

export const catalogue = JSON.parse(readFileSync(join(publicFolder, "models", "index.json"), "utf8"));
export const category = catalogue.categories[0];

export function samplePath(sample) {
	return join(publicFolder, "samples", sample.file);
}

export function nameOf(sample) {
	return sample.file.slice(sample.file.lastIndexOf("/") + 1);
}

/** Serves the page and starts the browser. `webgpu` gives it a software adapter. Otherwise it has none. */
export async function start({ webgpu = false, folder } = {}) {
	let server = await serve({ folder });
	const browser = await chromium.launch({
		executablePath: process.env.CHROME_PATH ?? "/usr/bin/chromium",
		args: webgpu ? [...flags, "--enable-unsafe-webgpu"] : flags,
	});
	return {
		address: server.address,
		open: (options) => open(browser, server.address, options),
		/** Serves on at the same address, with the files as they are now. */
		async restart() {
			const { port } = new URL(server.address);
			await server.close();
			server = await serve({ folder, port: Number(port) });
		},
		async stop() {
			await browser.close();
			await server.close();
		},
	};
}

async function open(browser, site, { address = site, ...options } = {}) {
	// Tests cannot intercept requests of a service worker. Only those of offline work allow one.
	const defaults = { viewport: { width: 1280, height: 850 }, serviceWorkers: "block" };
	const context = await browser.newContext({ ...defaults, ...options });
	const page = await context.newPage();
	page.setDefaultTimeout(patience);
	// A mistake in the page must not pass unnoticed just because the test looks elsewhere.
	page.mistakes = [];
	page.on("pageerror", (error) => page.mistakes.push(error.message));
	await page.goto(address);
	return page;
}

/** Waits until the page has drawn its last change, which shows with the next frame. */
export async function drawn(page) {
	await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}

/** Waits until nothing is computed, and until the page has drawn that. */
export async function settled(page) {
	await drawn(page);
	await page.waitForFunction(() => {
		const working = !document.querySelector("#stop").hidden;
		const tiles = [...document.querySelectorAll(".tile")];
		const open = tiles.some(({ dataset }) => ["waiting", "working"].includes(dataset.verdict));
		return tiles.length > 0 && !working && !open;
	});
}

/** Brings a page that other tests have used back to its first sample, inspected with the first model. */
export async function startOver(page) {
	await page.selectOption("#category", category.id);
	if (await page.locator("#clear").isEnabled()) await page.click("#clear");
	await page.locator("#samples button").first().click();
	await page.locator(".tile").waitFor();
	await settled(page);
}

/** Lets each worker of the page run a script before its own. To be called before the page is opened. */
export async function prependToWorker(page, script) {
	await page.route("**/assets/worker-*.js", async (route) => {
		const response = await route.fetch();
		await route.fulfill({ response, body: `${script};\n${await response.text()}` });
	});
}

/** The page's words on the selected photo. */
export async function reading(page) {
	await drawn(page);
	return page.evaluate(() => ({
		name: document.querySelector("#verdict-name").textContent,
		verdict: document.querySelector("#verdict").dataset.verdict,
		word: document.querySelector("#verdict-word").textContent,
		score: Number.parseFloat(document.querySelector("#score").textContent),
		text: document.querySelector("#verdict-text").textContent,
		device: document.querySelector("#stages-device").textContent,
	}));
}

/** The page's results of all photos, with scores in full. */
export async function results(page) {
	const [download] = await Promise.all([page.waitForEvent("download"), page.click("#save-json")]);
	return JSON.parse(readFileSync(await download.path(), "utf8"));
}

/** Drops files on the page as a hand with a mouse would. */
export async function drop(page, files) {
	const plain = files.map(({ name, mimeType, buffer }) => ({
		name,
		mimeType,
		text: buffer.toString("base64"),
	}));
	await page.evaluate(async (all) => {
		const data = new DataTransfer();
		for (const { name, mimeType, text } of all) {
			const bytes = Uint8Array.fromBase64(text);
			data.items.add(new File([bytes], name, { type: mimeType }));
		}
		for (const kind of ["dragenter", "dragover", "drop"]) {
			const event = new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: data });
			document.body.dispatchEvent(event);
		}
	}, plain);
}

/** Drops a folder with these files, named by their paths in it. A file without content cannot be read. */
export async function dropFolder(page, name, files) {
	const plain = files.map(({ name, buffer }) => ({ name, text: buffer?.toString("base64") }));
	await page.evaluate(
		([top, all]) => {
			const entry = ({ name, text }) => ({
				name: name.slice(name.lastIndexOf("/") + 1),
				fullPath: `/${top}/${name}`,
				isDirectory: false,
				file: (resolve, reject) => {
					if (text === undefined) return reject(new DOMException("Gone.", "NotFoundError"));
					const bytes = Uint8Array.fromBase64(text);
					resolve(new File([bytes], name.slice(name.lastIndexOf("/") + 1)));
				},
			});
			const inside = all.map(entry);
			const reader = { readEntries: (resolve) => resolve(inside.splice(0)) };
			const folder = { name: top, fullPath: `/${top}`, isDirectory: true, createReader: () => reader };
			// No script can put a folder into a real one.
			const data = { files: [], items: [{ webkitGetAsEntry: () => folder }], types: ["Files"] };
			const event = new DragEvent("drop", { bubbles: true, cancelable: true });
			Object.defineProperty(event, "dataTransfer", { value: data });
			document.body.dispatchEvent(event);
		},
		[name, plain],
	);
}

export async function selectTile(page, name) {
	await page.locator(".tile", { hasText: name }).click();
	await page.waitForFunction(
		(wanted) => document.querySelector("#verdict-name").textContent === wanted,
		name,
	);
}
