// The models that come with the page: a list, and each file fetched once when it is first needed.
import { orAbort } from "./abort.js";

export interface Sample {
	title: string;
	url: string;
}

export interface ShippedTexture {
	id: string;
	title: string;
	url: string;
	samples: Sample[];
}

export interface Catalogue {
	extractorUrl: string;
	textures: ShippedTexture[];
	note: string;
}

interface IndexFile {
	extractor: string;
	textures: {
		id: string;
		title: string;
		model: string;
		samples: { file: string; title: string }[];
	}[];
	note?: string;
}

/**
 * Asks whether what the browser keeps is still current: these names stay the same when the page is published anew, and an
 * old model does not go with a new program.
 */
function fetchCurrent(url: string, signal?: AbortSignal): Promise<Response | undefined> {
	return fetch(url, { cache: "no-cache", signal: signal ?? null }).catch(() => undefined);
}

export async function fetchCatalogue(): Promise<Catalogue> {
	const response = await fetchCurrent("models/index.json");
	// A server that answers every path with a page would otherwise pass for a list of models.
	const isJson = response?.headers.get("content-type")?.includes("json") ?? false;
	if (!response?.ok || !isJson) {
		throw new Error(
			"No models lie beside this page (models/index.json is missing). Drop an extractor and a texture model, both .safetensors files, to begin.",
		);
	}
	const index: IndexFile = await response.json();
	return {
		extractorUrl: `models/${index.extractor}`,
		textures: index.textures.map(({ id, title, model, samples }) => ({
			id,
			title,
			url: `models/${model}`,
			samples: samples.map((sample) => ({ title: sample.title, url: `samples/${sample.file}` })),
		})),
		note: index.note ?? "",
	};
}

export type OnBytes = (received: number, total: number) => void;

async function readAll(response: Response, onBytes: OnBytes): Promise<Blob> {
	if (!response.body) return response.blob();
	// Zero where the server does not say, or says the compressed size.
	const encoded = response.headers.has("content-encoding");
	const total = encoded ? 0 : Number(response.headers.get("content-length") ?? 0);
	let received = 0;
	const counted = response.body.pipeThrough(
		new TransformStream<Uint8Array, Uint8Array>({
			transform(chunk, controller) {
				received += chunk.byteLength;
				onBytes(received, total);
				controller.enqueue(chunk);
			},
		}),
	);
	return new Response(counted as ReadableStream<Uint8Array<ArrayBuffer>>).blob();
}

/** A download that several may wait for. */
interface Fetched {
	file: Promise<Blob>;
	waiting: Set<Wait>;
	abort: AbortController;
}

/** One that waits for a download. */
export interface Wait {
	onBytes?: OnBytes | undefined;
	signal?: AbortSignal | undefined;
}

const fetched = new Map<string, Fetched>();

function startFetch(url: string): Fetched {
	const waiting = new Set<Wait>();
	const abort = new AbortController();
	const file = (async () => {
		const response = await fetchCurrent(url, abort.signal);
		if (!response) throw new Error(`${url} could not be fetched: the network did not answer.`);
		if (!response.ok) throw new Error(`${url} could not be fetched: the server answered ${response.status}.`);
		return readAll(response, (received, total) => {
			for (const { onBytes } of waiting) onBytes?.(received, total);
		});
	})();
	return { file, waiting, abort };
}

/** The file at this address; all calls share one download, which ends when the last of them is aborted. */
export async function fetchOnce(url: string, wait: Wait = {}): Promise<Blob> {
	const one = fetched.get(url) ?? startFetch(url);
	fetched.set(url, one);
	// Its own, so that each call counts.
	const own = { ...wait };
	one.waiting.add(own);
	try {
		return await orAbort(one.file, wait.signal);
	} catch (cause) {
		if (one.waiting.size === 1) {
			// A failure is not kept, so that the next call tries again.
			fetched.delete(url);
			one.abort.abort();
		}
		throw cause;
	} finally {
		one.waiting.delete(own);
	}
}
