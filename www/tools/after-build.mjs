// A plugin for work on the built page, once all of its files are written.
import { join } from "node:path";

/** A plugin of Vite that does `work` on the folder of the built page. Plugins do theirs one after the other. */
export function afterBuild(name, work) {
	let folder;
	return {
		name,
		apply: "build",
		configResolved({ root, build }) {
			folder = join(root, build.outDir);
		},
		closeBundle: { sequential: true, order: "post", handler: () => work(folder) },
	};
}
