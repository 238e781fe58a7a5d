// Holds the page's files, so that the page works without a network once it was visited. This file changes with every file
// that it lists. The browser then installs it anew, and the older version goes on serving the pages that are open.

/** Digests of the files, by path below the page, in the form of `integrity`. www/tools/offline.mjs writes them here. */
const files = {};

const scope = self.registration.scope;

/** One cache for all versions. Its keys tell the versions of a file apart. */
const cacheName = `cse ${scope}`;

/** Key of a file of this version in the cache. Undefined for an address that is none of the page's files. */
function keyOf(address) {
	const { origin, pathname } = new URL(address);
	const place = new URL(scope);
	if (origin !== place.origin || !pathname.startsWith(place.pathname)) return undefined;
	const path = decodeURIComponent(pathname.slice(place.pathname.length)) || "index.html";
	return Object.hasOwn(files, path) ? keyFor(path) : undefined;
}

function keyFor(path) {
	const key = new URL(path, scope);
	key.search = new URLSearchParams({ integrity: files[path] }).toString();
	return key.href;
}

/** Fetches a file. The browser compares the digest, and reports an error where the file is another. */
async function fetchFile(path) {
	const address = new URL(path, scope).href;
	const integrity = files[path];
	// A copy that the page has just fetched is not fetched again, unless it is damaged or older.
	const held = await fetch(address, { integrity, cache: "no-cache" }).catch(() => undefined);
	const response = held ?? (await fetch(address, { integrity, cache: "reload" }));
	if (!response.ok) throw new Error(`${address}: the server answered ${response.status}.`);
	return response;
}

async function install() {
	const cache = await caches.open(cacheName);
	// One file at a time, since the visitor may be at work.
	for (const path of Object.keys(files)) {
		const key = keyFor(path);
		if (!(await cache.match(key))) await cache.put(key, await fetchFile(path));
	}
}

async function letGoOfOlder() {
	const cache = await caches.open(cacheName);
	const own = new Set(Object.keys(files).map(keyFor));
	for (const { url } of await cache.keys()) if (!own.has(url)) await cache.delete(url);
}

async function answer(request) {
	const cache = await caches.open(cacheName);
	return (await cache.match(keyOf(request.url))) ?? fetch(request);
}

/** Replaces the older version where one page alone is open, which asks for it and loads again: no page mixes versions. */
async function takeOver() {
	const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
	if (windows.filter(({ url }) => url.startsWith(scope)).length === 1) await self.skipWaiting();
}

self.addEventListener("install", (event) => event.waitUntil(install()));

self.addEventListener("activate", (event) => {
	// The page of the first visit too, whose next worker may be started without a network.
	event.waitUntil(letGoOfOlder().then(() => self.clients.claim()));
});

self.addEventListener("message", (event) => {
	if (event.data === "take over") event.waitUntil(takeOver());
});

self.addEventListener("fetch", (event) => {
	const { request } = event;
	if (request.method !== "GET" || !keyOf(request.url)) return;
	// The page asks in this way after a damaged download.
	if (request.cache === "reload" && request.mode !== "navigate") return;
	event.respondWith(answer(request));
});
