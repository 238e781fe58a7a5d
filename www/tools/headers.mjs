// The HTTP headers of the page, for `npm run dev`, `npm start` and other hosts.

// ImageNet's extractor comes from the Hugging Face hub, which redirects to its storage, when the visitor asks for it.
const hub = process.env.VITE_HUB === "no" ? "" : " https://huggingface.co https://*.hf.co";

// The page needs nothing else from other hosts, and the browser holds it to that.
const policy = [
	"default-src 'self'",
	"script-src 'self' 'wasm-unsafe-eval'",
	"style-src 'self' 'unsafe-inline'",
	"img-src 'self' blob:",
	`connect-src 'self' blob:${hub}`,
	"object-src 'none'",
	"base-uri 'none'",
	"form-action 'none'",
];

/** The policy inside index.html. It cannot say who may frame the page, and does not bind its worker. */
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

/** For files below `assets`, whose names hold a part of their digest. Other names stay the same in the next version. */
const forGood = "public, max-age=31536000, immutable";
const askEachTime = "no-cache";

export function caching(path) {
	return path.startsWith("/assets/") ? forGood : askEachTime;
}

/** The file of headers that Netlify and Cloudflare Pages read. */
export function headersFile() {
	const lines = (all) => Object.entries(all).map(([name, value]) => `  ${name}: ${value}`);
	return [
		"/*",
		...lines(headers),
		`  Cache-Control: ${askEachTime}`,
		"/assets/*",
		// Without this line the hosts would join both values.
		"  ! Cache-Control",
		`  Cache-Control: ${forGood}`,
		"",
	].join("\n");
}
