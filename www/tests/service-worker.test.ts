import { beforeEach, expect, test } from "vitest";
import source from "../service-worker.js?raw";

const scope = "https://host.example/below/here/";
const files = { "index.html": "sha256-page=", "assets/index-1.js": "sha256-script=" };

/** The part of a browser's cache that the service worker uses. */
class FakeCache {
	readonly held = new Map<string, Response>();
	match = async (key: string) => this.held.get(key);
	put = async (key: string, response: Response) => {
		this.held.set(key, response);
	};
	keys = async () => [...this.held.keys()].map((url) => ({ url }));
	delete = async (key: string) => this.held.delete(key);
}

let cache: FakeCache;
let listeners: Record<string, (event: object) => void>;
let fetched: { address: string; options: RequestInit }[];
/** True where the copies that the browser holds are damaged. */
let damaged: boolean;

beforeEach(() => {
	cache = new FakeCache();
	listeners = {};
	fetched = [];
	damaged = false;
	const self = {
		registration: { scope },
		clients: { claim: async () => {} },
		addEventListener: (name: string, listener: (event: object) => void) => {
			listeners[name] = listener;
		},
	};
	const fetch = async (address: string, options: RequestInit) => {
		fetched.push({ address, options });
		if (damaged && options.cache === "no-cache") throw new TypeError("Failed to fetch");
		return new Response(address);
	};
	const list = source.replace("const files = {};", `const files = ${JSON.stringify(files)};`);
	expect(list).not.toBe(source);
	new Function("self", "caches", "fetch", list)(self, { open: async () => cache }, fetch);
});

async function happens(name: string): Promise<void> {
	let work: Promise<unknown> = Promise.resolve();
	listeners[name]?.({
		waitUntil: (promise: Promise<unknown>) => {
			work = promise;
		},
	});
	await work;
}

/** The text of its answer. Undefined where the request is left to the browser. */
async function answerTo(url: string, request: object = {}): Promise<string | undefined> {
	let answer: Promise<Response> | undefined;
	const respondWith = (promise: Promise<Response>) => {
		answer = promise;
	};
	listeners.fetch?.({
		request: { url, method: "GET", cache: "default", mode: "cors", ...request },
		respondWith,
	});
	return (await answer)?.text();
}

test("it holds every file after its installation, each checked by the browser", async () => {
	await happens("install");
	expect(fetched.map(({ address, options }) => [address, options.integrity])).toEqual([
		[`${scope}index.html`, "sha256-page="],
		[`${scope}assets/index-1.js`, "sha256-script="],
	]);
	fetched.length = 0;
	expect(await answerTo(scope)).toBe(`${scope}index.html`);
	expect(await answerTo(`${scope}assets/index-1.js`)).toBe(`${scope}assets/index-1.js`);
	expect(fetched).toEqual([]);
});

test("it fetches anew what the browser holds damaged", async () => {
	damaged = true;
	await happens("install");
	expect(fetched.map(({ options }) => options.cache)).toEqual(["no-cache", "reload", "no-cache", "reload"]);
	expect(cache.held.size).toBe(2);
});

test("it does not fetch again what the version before held, and lets go of the rest", async () => {
	await happens("install");
	await cache.put(`${scope}index.html?integrity=older`, new Response("older"));
	fetched.length = 0;
	await happens("install");
	expect(fetched).toEqual([]);
	await happens("activate");
	expect([...cache.held.keys()].some((key) => key.includes("older"))).toBe(false);
	expect(cache.held.size).toBe(2);
});

test("it leaves other addresses, other methods and what the page asks for anew to the browser", async () => {
	await happens("install");
	expect(await answerTo("https://other.example/below/here/index.html")).toBeUndefined();
	expect(await answerTo("https://host.example/index.html")).toBeUndefined();
	expect(await answerTo(`${scope}notes.txt`)).toBeUndefined();
	expect(await answerTo(`${scope}constructor`)).toBeUndefined();
	expect(await answerTo(scope, { method: "POST" })).toBeUndefined();
	expect(await answerTo(`${scope}assets/index-1.js`, { cache: "reload" })).toBeUndefined();
	// A visitor who reloads the page without a network still gets it.
	expect(await answerTo(scope, { cache: "reload", mode: "navigate" })).toBe(`${scope}index.html`);
});
