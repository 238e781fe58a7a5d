// Installs what the page needs and this machine lacks. Needs nothing but Node itself, since it comes first.
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { announce, giveUp, output, run, top } from "./run.mjs";

const bindgenVersion = "0.2.130";
const bindgenRoot = join(top, ".cache", "wasm-bindgen");
const wasmTarget = "wasm32-unknown-unknown";

export const bindgen = join(
	bindgenRoot,
	"bin",
	process.platform === "win32" ? "wasm-bindgen.exe" : "wasm-bindgen",
);

function installPackages() {
	// npm writes this file last, so it tells when the installation was finished.
	const installed = join(top, "node_modules", ".package-lock.json");
	const lock = join(top, "package-lock.json");
	if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
	announce("Installing the npm packages (under a minute).");
	// All packages are for building or testing. An environment set up for production would leave them out.
	run("npm", ["ci", "--include=dev", "--no-fund", "--no-audit"]);
}

function requireRust() {
	if (!output("cargo", ["--version"]))
		giveUp("Rust is missing. Install it from https://rustup.rs and try again.");
	if (process.platform !== "win32" && !output("cc", ["--version"])) {
		giveUp("Rust needs a C compiler to link with. On Debian: apt-get install build-essential");
	}
}

function installWasmTarget() {
	const sysroot = output("rustc", ["--print", "sysroot"]) ?? "";
	if (existsSync(join(sysroot, "lib", "rustlib", wasmTarget, "lib"))) return;
	if (!output("rustup", ["--version"])) {
		giveUp(
			`This Rust has no ${wasmTarget} target and no rustup to add it with. Install Rust from https://rustup.rs.`,
		);
	}
	announce("Adding the WebAssembly target to Rust (under a minute).");
	run("rustup", ["target", "add", wasmTarget]);
}

function installBindgen() {
	if (output(bindgen, ["--version"]) === `wasm-bindgen ${bindgenVersion}`) return;
	announce(`Building wasm-bindgen ${bindgenVersion}, once (one to four minutes).`);
	run("cargo", [
		"install",
		"wasm-bindgen-cli",
		"--version",
		bindgenVersion,
		"--root",
		bindgenRoot,
		"--force",
	]);
}

export function installAll() {
	installPackages();
	requireRust();
	installWasmTarget();
	installBindgen();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) installAll();
