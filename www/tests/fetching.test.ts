import { afterEach, beforeEach, expect, test, vi } from "vitest";

const text = "the weights of a model";
/** The output of `openssl dgst -sha256 -binary | base64`, after `sha256-`. */
const integrity = "sha256-XiIC1m/l4b6TqPP+hZjeZEcLmFUWSx0tV9H++a7tpSw=";

vi.mock("virtual:shipped-files", () => ({
	default: { "models/cloth.safetensors": { integrity, bytes: text.length, encoded: { br: 11 } } },
}));

const wanted = { key: "models/cloth.safetensors", url: "models/cloth.safetensors", name: "the model" };
const asked: (RequestInit | undefined)[] = [];

/** Answers the requests one after the other. */
function answers(...bodies: (() => Response)[]): void {
	vi.stubGlobal("fetch", async (_: string, options?: RequestInit) => {
		asked.push(options);
		const body = bodies.shift();
		if (!body) throw new TypeError("Failed to fetch");
		return body();
	});
}

/** Each test begins without what the ones before have fetched. */
async function fresh() {
	vi.resetModules();
	return import("../fetching.js");
}

const { signal } = new AbortController();

beforeEach(() => {
	asked.length = 0;
	vi.stubGlobal("isSecureContext", true);
});
afterEach(() => vi.unstubAllGlobals());

test("a file arrives whole, and is fetched once", async () => {
	answers(() => new Response(text));
	const { fetchOnce } = await fresh();
	expect(await (await fetchOnce(wanted)).text()).toBe(text);
	expect(await (await fetchOnce(wanted)).text()).toBe(text);
	expect(asked).toHaveLength(1);
	expect(asked[0]?.cache).toBe("no-cache");
});

test.each([
	["another bit", "the weights of a mOdel"],
	["too few bytes", "the weights"],
])("%s is refused, and the browser's copy is not asked for again", async (_, body) => {
	answers(
		() => new Response(body),
		() => new Response(text),
		() => new Response(text),
	);
	const { fetchWhole } = await fresh();
	await expect(fetchWhole(wanted, signal)).rejects.toThrow(/^The model did not arrive as it was published/);
	await fetchWhole(wanted, signal);
	expect(asked[1]?.cache).toBe("reload");
	await fetchWhole(wanted, signal);
	expect(asked[2]?.cache).toBe("no-cache");
});

test("over plain HTTP, where scripts have no digests, the browser is told the digest", async () => {
	vi.stubGlobal("isSecureContext", false);
	answers(() => new Response(text));
	const { fetchWhole } = await fresh();
	await fetchWhole(wanted, signal);
	expect(asked[0]?.integrity).toBe(integrity);
});

test("a network that does not answer and a server that refuses are told with a remedy", async () => {
	answers(() => new Response("", { status: 503 }));
	const { fetchWhole } = await fresh();
	await expect(fetchWhole(wanted, signal)).rejects.toThrow(/the server answered 503.*Try again later/);
	await expect(fetchWhole(wanted, signal)).rejects.toThrow(
		/the network did not answer.*Check the connection/,
	);
});

test("the bar counts what travels: compressed bytes where the answer is compressed", async () => {
	const { fetchWhole } = await fresh();
	const { downloads } = await import("../downloads.js");
	const totals = new Set<number | undefined>();
	downloads.onChange(() => totals.add(downloads.progress?.total));
	answers(() => new Response(text, { headers: { "content-encoding": "br" } }));
	await fetchWhole(wanted, signal);
	expect([...totals].filter(Boolean)).toEqual([11]);
	answers(() => new Response(text));
	await fetchWhole(wanted, signal);
	expect(totals).toContain(text.length);
	expect(downloads.progress).toBeUndefined();
});
