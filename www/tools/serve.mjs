// Serves the built page as a host should: compressed where the browser takes it, with the page's headers.
import { createServer } from "node:http";
import { join } from "node:path";
import sirv from "sirv";
import { caching, headers } from "./headers.mjs";
import { top } from "./run.mjs";

function withHeaders(response, path) {
	for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
	response.setHeader("Cache-Control", caching(path));
}

/** Serves `folder` on `port`, or on a free port where that is taken. Returns the address, and a function that ends it. */
export async function serve({ port = 0, host = "localhost", folder = join(top, "dist") } = {}) {
	const files = sirv(folder, { brotli: true, gzip: true, etag: true, setHeaders: withHeaders });
	const server = createServer((request, response) => files(request, response));
	const listen = (on) =>
		new Promise((resolve, reject) => {
			server.once("error", reject);
			server.listen(on, host, () => {
				server.off("error", reject);
				resolve();
			});
		});
	await listen(port).catch((cause) => {
		if (cause.code !== "EADDRINUSE") throw cause;
		return listen(0);
	});
	return {
		address: `http://${host}:${server.address().port}/`,
		close: () => {
			server.closeAllConnections();
			return new Promise((resolve) => server.close(resolve));
		},
	};
}
