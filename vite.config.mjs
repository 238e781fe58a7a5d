import { defineConfig } from "vite";
import { forHosts } from "./www/tools/for-hosts.mjs";
import { isolation, ownPolicy } from "./www/tools/headers.mjs";
import { offline } from "./www/tools/offline.mjs";
import { shippedFiles } from "./www/tools/shipped-files.mjs";

/** Nothing leaves the machine, and the browser holds the page to it, also where the server does not say so. */
const policy = {
	name: "policy",
	transformIndexHtml: () => [
		{
			tag: "meta",
			attrs: { "http-equiv": "Content-Security-Policy", content: ownPolicy },
			injectTo: "head-prepend",
		},
	],
};

export default defineConfig({
	// Relative, so that the built page works under any path.
	base: "./",
	publicDir: "www/public",
	build: {
		outDir: "dist",
		emptyOutDir: true,
		target: "es2022",
		// The first build compresses the program, which takes its time.
		rolldownOptions: { checks: { pluginTimings: false } },
	},
	worker: { format: "es" },
	// Cargo's build folder holds tens of thousands of files that the page never reads.
	server: { headers: isolation, watch: { ignored: ["**/target/**", "**/.cache/**"] } },
	// In this order: what offline work needs is compressed too.
	test: { include: ["www/tests/*.test.ts"], pool: "threads" },
	plugins: [policy, shippedFiles(), offline(), forHosts()],
});
