// Installs Debian packages where that is possible.
import { existsSync, readFileSync } from "node:fs";
import { announce, run } from "./run.mjs";

/** True for root on Debian itself: Ubuntu has Chromium only as a snap. */
export function canInstall() {
	if (process.getuid?.() !== 0 || !existsSync("/etc/os-release")) return false;
	return /^ID="?debian/m.test(readFileSync("/etc/os-release", "utf8"));
}

export function install(name, what) {
	announce(`Installing Debian's ${name}: ${what} (one or two minutes).`);
	run("apt-get", ["update"]);
	run("apt-get", ["install", "-y", "--no-install-recommends", name]);
}
