// From a fresh clone to the page in a browser: installs what is missing, builds, and serves the built page.
import { announce, giveUp, top } from "./run.mjs";
import { installAll } from "./setup.mjs";
import { buildWasm } from "./wasm.mjs";

installAll();
buildWasm();
announce("Building the page (seconds).");
// Imported now, since the packages may have been missing at the start.
const { build } = await import("vite");
const { serve } = await import("./serve.mjs");
try {
	await build({ root: top, logLevel: "warn" });
	const { address } = await serve({ port: 4173 });
	console.log(`\nThe page is ready: ${address}\nCtrl+C ends it.`);
} catch (cause) {
	giveUp(`The page could not be built or served: ${cause.message}`);
}
