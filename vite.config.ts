import { defineConfig } from "vite";

// The page needs nothing from elsewhere, and says so to the browser. What index.html says for itself in the same words
// does not reach its worker, which goes by headers.
const policy = [
	"default-src 'self'",
	"script-src 'self' 'wasm-unsafe-eval'",
	"style-src 'self' 'unsafe-inline'",
	"img-src 'self' blob:",
	"connect-src 'self' blob:",
	"object-src 'none'",
	"base-uri 'none'",
	"form-action 'none'",
];

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
	preview: { headers: { ...headers, "Content-Security-Policy": policy.join("; ") } },
});
