import { defineConfig } from "vite";

// The page needs nothing from elsewhere, and says so to the browser.
const headers = {
	"Cross-Origin-Opener-Policy": "same-origin",
	"Cross-Origin-Embedder-Policy": "require-corp",
};

export default defineConfig({
	// Relative, so that the built page works under any path.
	base: "./",
	publicDir: "www/public",
	build: { outDir: "dist", emptyOutDir: true, target: "es2022" },
	worker: { format: "es" },
	// Cargo's build folder holds tens of thousands of files that the page never reads.
	server: { headers, watch: { ignored: ["**/target/**", "**/.cache/**"] } },
	preview: { headers },
});
