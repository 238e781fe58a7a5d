// Builds the wasm that the page's worker runs, into www/wasm.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { announce, run, target, top } from "./run.mjs";
import { bindgen, installAll } from "./setup.mjs";

export function buildWasm() {
	announce("Building the wasm (several minutes the first time, seconds later).");
	run("cargo", ["build", "-p", "cse-web", "--profile", "wasm", "--target", "wasm32-unknown-unknown"]);
	const built = join(target, "wasm32-unknown-unknown", "wasm", "cse_web.wasm");
	const smaller = ["--remove-name-section", "--remove-producers-section"];
	run(bindgen, ["--target", "web", ...smaller, "--out-dir", join(top, "www", "wasm"), built]);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
	installAll();
	buildWasm();
}
