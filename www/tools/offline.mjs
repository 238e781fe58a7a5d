// Writes the service worker into `dist`, with the list of the files that it holds.
import { readFileSync, writeFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { afterBuild } from "./after-build.mjs";
import { filesIn } from "./for-hosts.mjs";
import { top } from "./run.mjs";
import { integrityOf } from "./shipped-files.mjs";

/** Files that few visitors want: what the comparison with ONNX Runtime Web needs. The page fetches them when it is asked to. */
const onDemand = /^(backbones\/|assets\/(ort-|onnx-))/;

export function offline() {
	return afterBuild("offline", (folder) => {
		const all = filesIn(folder).map((file) => [
			relative(folder, file).split(sep).join("/"),
			integrityOf(readFileSync(file)),
		]);
		const files = Object.fromEntries(all.filter(([path]) => !path.endsWith(".md") && !onDemand.test(path)));
		const source = readFileSync(join(top, "www", "service-worker.js"), "utf8");
		writeFileSync(
			join(folder, "service-worker.js"),
			source.replace("const files = {};", `const files = ${JSON.stringify(files, null, "\t")};`),
		);
	});
}
