// Finds a Chromium or Chrome for the browser tests, or installs Debian's.
import { existsSync } from "node:fs";
import { canInstall, install } from "./debian.mjs";
import { giveUp, output } from "./run.mjs";

const names = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];
const macChrome = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome";

function find() {
	const found = names.map((name) => output("which", [name])).find(Boolean);
	return found ?? (existsSync(macChrome) ? macChrome : undefined);
}

export function chromium() {
	const named = process.env.CHROME_PATH;
	if (named) return existsSync(named) ? named : giveUp(`CHROME_PATH names ${named}, which is not there.`);
	const found = find();
	if (found) return found;
	if (!canInstall()) {
		giveUp("The browser tests need Chromium or Chrome. Install one, or name it in CHROME_PATH.");
	}
	install("chromium", "the browser tests run in it");
	return find() ?? giveUp("Chromium was installed but could not be found. Name it in CHROME_PATH.");
}
