// Holds the page's files, so that it works without a network once it was visited. This file changes with every file that it
// lists: the browser then installs it anew, while the version before goes on serving the pages that are open.

/** SHA-256 of each file by its path below the page, as `integrity` takes it. www/tools/offline.mjs writes them here. */
const files = {};

const scope = self.registration.scope;

/** One for all versions, since a name in it says which version of a file it is. */
const cacheName = `cse ${scope}`;

/** Where a file of this version lies in the cache; undefined for what the page does not consist of. */
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

/** The browser compares the digest, and answers with an error where the file is another. */
async function fetchFile(path) {
	const address = new URL(path, scope).href;
	const integrity = files[path];
	// What the page has fetched just now is not fetched again; where that is damaged or older, it is.
	const held = await fetch(address, { integrity, cache: "no-cache" }).catch(() => undefined);
	const response = held ?? (await fetch(address, { integrity, cache: "reload" }));
	if (!response.ok) throw new Error(`${address}: the server answered ${response.status}.`);
	return response;
}

async function install() {
	const cache = await caches.open(cacheName);
	// One after the other: the visitor may be at work.
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

/** A page of the version before never gets files of this one: it asks as soon as it is loaded, and loads again if it is alone. */
async function takeOver() {
	const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
	if (windows.filter(({ url }) => url.startsWith(scope)).length === 1) await self.skipWaiting();
}

self.addEventListener("install", (event) => event.waitUntil(install()));

self.addEventListener("activate", (event) => {
	// The page of the first visit too: its next worker may be started without a network.
	event.waitUntil(letGoOfOlder().then(() => self.clients.claim()));
});

self.addEventListener("message", (event) => {
	if (event.data === "take over") event.waitUntil(takeOver());
});

self.addEventListener("fetch", (event) => {
	const { request } = event;
	if (request.method !== "GET" || !keyOf(request.url)) return;
	// The page asks so where what it got was damaged.
	if (request.cache === "reload" && request.mode !== "navigate") return;
	event.respondWith(answer(request));
});
