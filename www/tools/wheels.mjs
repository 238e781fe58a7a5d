// Downloads and unpacks Python wheels, once, for data that is published as such.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { announce, run } from "./run.mjs";

/** Puts the wheels of `versions` (a version for each name) into `folder`. Returns false where pip cannot get them. */
export function unpack(versions, folder, what) {
	const wanted = Object.entries(versions).map(([name, version]) => `${name}==${version}`);
	const complete = join(folder, "versions.txt");
	if (existsSync(complete) && readFileSync(complete, "utf8") === wanted.join("\n")) return true;
	rmSync(folder, { recursive: true, force: true });
	announce(`Downloading ${what}.`);
	const downloaded = join(folder, "wheels");
	const options = ["--no-deps", "--only-binary", ":all:", "--disable-pip-version-check", "--quiet"];
	const pip = ["-m", "pip", "download", ...options, "--dest", downloaded, ...wanted];
	if (spawnSync("python3", pip, { stdio: "inherit" }).status !== 0) return false;
	for (const wheel of readdirSync(downloaded)) {
		run("python3", ["-m", "zipfile", "--extract", join(downloaded, wheel), folder]);
	}
	rmSync(downloaded, { recursive: true });
	writeFileSync(complete, wanted.join("\n"));
	return true;
}
