// Runs the tests named on the command line: page, rust, browser, or several of them.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "./chromium.mjs";
import { canInstall, install } from "./debian.mjs";
import { announce, giveUp, run, top } from "./run.mjs";
import { installAll } from "./setup.mjs";
import { buildWasm } from "./wasm.mjs";

/** Tells whether the GPU tests can run. A software Vulkan is enough for them, and is installed where that is possible. */
function hasGpu() {
	if (process.platform !== "linux") return true;
	const folders = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d"];
	const found = () => folders.some((folder) => existsSync(folder) && readdirSync(folder).length > 0);
	if (!found() && canInstall()) install("mesa-vulkan-drivers", "a software Vulkan for the GPU tests");
	return found();
}

/** Tests that cargo ignores, by a part of their names, and whether this machine has what they need. */
const demanding = { gpu: hasGpu, development_data: () => existsSync(join(top, "..", "shared")) };

function testPage() {
	announce("Running the tests of the page that need no browser (seconds).");
	run("npm", ["run", "--silent", "test:page"]);
}

function testRust() {
	announce("Running the Rust tests (several minutes the first time).");
	run("cargo", ["test", "--release"]);
	const possible = Object.keys(demanding).filter((name) => demanding[name]());
	if (possible.length === 0) return;
	announce(`Running the ignored tests that can run here: ${possible.join(", ")} (a minute).`);
	run("cargo", ["test", "--release", "--", "--ignored", ...possible]);
}

function testBrowser(browser) {
	buildWasm();
	announce("Building the native program that the page is compared with (several minutes the first time).");
	run("cargo", ["build", "--release", "-p", "native-train"]);
	announce("Building the page (seconds).");
	run("npm", ["run", "--silent", "build", "--", "--logLevel", "warn"]);
	const folder = join("tests", "browser");
	const tests = readdirSync(join(top, folder)).filter((name) => name.endsWith(".test.mjs"));
	announce("Running the browser tests (a few minutes).");
	// One file at a time: each keeps the processor busy by itself.
	const options = ["--test", "--test-concurrency=1", "--test-reporter=spec"];
	run(process.execPath, [...options, ...tests.map((name) => join(folder, name))], { CHROME_PATH: browser });
}

const suites = { page: testPage, rust: testRust, browser: testBrowser };
const chosen = process.argv.slice(2);
const unknown = chosen.find((name) => !(name in suites));
if (unknown || chosen.length === 0) giveUp(`Name what to test: ${Object.keys(suites).join(", ")}.`);
installAll();
// A missing browser is reported now, not after the Rust tests.
const browser = chosen.includes("browser") ? chromium() : undefined;
for (const name of chosen) suites[name](browser);
