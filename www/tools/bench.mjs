// Prints the times of the steps of an inspection and of a training, with the machine, the versions and the date. An
// argument chooses the steps whose names contain it, such as "extractor".
import { readFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { giveUp, output, run, top } from "./run.mjs";

const burn = /name = "burn"\nversion = "(.+)"/.exec(readFileSync(join(top, "Cargo.lock"), "utf8"))?.[1];
const rustc = output("rustc", ["--version"])?.split(" ")[1];
if (!rustc) giveUp("rustc was not found. Install Rust and try again.");
// Built before the load is read, which the build would raise.
run("cargo", ["bench", "--bench", "steps", "--no-run"]);
console.log(`
| machine | cores | load | rustc | Burn | date |
|---|---:|---:|---|---|---|
| ${cpus()[0]?.model} | ${cpus().length} | ${loadavg()[0].toFixed(2)} | ${rustc} | ${burn} | ${new Date().toISOString().slice(0, 10)} |
`);
run("cargo", ["bench", "--quiet", "--bench", "steps", "--", ...process.argv.slice(2)]);
