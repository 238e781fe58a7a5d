// What the server says of the page beside its files, in one place: for `npm run dev`, `npm start` and other hosts.

// The page needs nothing from elsewhere, and says so to the browser.
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

/** For index.html, which cannot say who may frame it, and whose words do not reach its worker. */
export const ownPolicy = policy.join("; ");

export const isolation = {
	"Cross-Origin-Opener-Policy": "same-origin",
	"Cross-Origin-Embedder-Policy": "require-corp",
};

export const headers = {
	...isolation,
	"Content-Security-Policy": [...policy, "frame-ancestors 'none'"].join("; "),
	"X-Content-Type-Options": "nosniff",
	"Referrer-Policy": "no-referrer",
};

/** Names of files below `assets` hold a part of their digest; all others stay the same when the page is published anew. */
const forGood = "public, max-age=31536000, immutable";
const askEachTime = "no-cache";

export function caching(path) {
	return path.startsWith("/assets/") ? forGood : askEachTime;
}

/** Netlify's and Cloudflare Pages' file of headers. */
export function headersFile() {
	const lines = (all) => Object.entries(all).map(([name, value]) => `  ${name}: ${value}`);
	return [
		"/*",
		...lines(headers),
		`  Cache-Control: ${askEachTime}`,
		"/assets/*",
		// Without this line both values would be joined.
		"  ! Cache-Control",
		`  Cache-Control: ${forGood}`,
		"",
	].join("\n");
}
