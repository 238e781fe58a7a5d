// Runs other programs from the repository's top, and ends with a sentence where one fails.
import { spawnSync } from "node:child_process";
import { join } from "node:path";

export const top = join(import.meta.dirname, "..", "..");

/** The folder that cargo builds in. Other files that can be made again lie there too. */
export const target = process.env.CARGO_TARGET_DIR ?? join(top, "target");

/** Prints a line on the next step and how long it may take. */
export function announce(text) {
	console.log(`\n• ${text}`);
}

export function giveUp(text) {
	console.error(`\n${text}`);
	process.exit(1);
}

export function run(program, args, env = {}) {
	const { status, error } = spawnSync(program, args, {
		cwd: top,
		stdio: "inherit",
		// On Windows npm is a script, which only a shell starts.
		shell: process.platform === "win32" && program === "npm",
		env: { ...process.env, ...env },
	});
	if (error?.code === "ENOENT") giveUp(`${program} was not found. Install it and try again.`);
	if (status !== 0) giveUp(`${program} ${args.join(" ")} did not succeed.`);
}

/** Returns the output of a program. Undefined where it is missing or fails. */
export function output(program, args) {
	const { status, stdout } = spawnSync(program, args, { cwd: top, encoding: "utf8" });
	return status === 0 ? stdout.trim() : undefined;
}
