// From a fresh clone to the page in a browser: installs what is missing, builds, and serves the built page.
import { announce, giveUp, top } from "./run.mjs";
import { installAll } from "./setup.mjs";
import { buildWasm } from "./wasm.mjs";

installAll();
buildWasm();
announce("Building the page (seconds).");
// Only now, since the packages may not have been there at the start.
const { build, preview } = await import("vite");
try {
	await build({ root: top, logLevel: "warn" });
	const server = await preview({ root: top });
	console.log("\nThe page is ready. Ctrl+C ends it.");
	server.printUrls();
} catch (cause) {
	giveUp(`The page could not be built or served: ${cause.message}`);
}
