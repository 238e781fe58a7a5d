// Fetches the files that come with the page. Each is fetched once, and its digest shows that it is whole.
import shipped, { type ShippedFile } from "virtual:shipped-files";
import { isAbort } from "./abort.js";
import { asIntegrity, sha256 } from "./digest.js";
import { type Download, downloads } from "./downloads.js";
import { SharedWork } from "./shared-work.js";

/** A file, and the words for it in a sentence. */
export interface Wanted {
	/** Its path below the page, or "program". */
	key: string;
	url: string;
	/** The name with its article, such as "the model". */
	name: string;
}

/** Keys of files that arrived damaged. They are fetched past the browser's cache. */
const damaged = new Set<string>();

const tryAgain = "Choose “Try again”, or reload the page.";

function starting(name: string): string {
	return name.charAt(0).toUpperCase() + name.slice(1);
}

function damage({ key, name }: Wanted): Error {
	damaged.add(key);
	return new Error(
		`${starting(name)} did not arrive as it was published: the download was damaged, or the page was renewed meanwhile. ${tryAgain}`,
	);
}

/** The digest for the browser to compare, over plain HTTP alone: scripts cannot compute digests there. */
function integrity(file: ShippedFile | undefined): string {
	return !file || isSecureContext ? "" : file.integrity;
}

async function ask(wanted: Wanted, signal: AbortSignal): Promise<Response> {
	const { key, url, name } = wanted;
	const options: RequestInit = {
		signal,
		// A name stays the same when the page is published anew, and an old model does not go with a new program.
		cache: damaged.has(key) ? "reload" : "no-cache",
		integrity: integrity(shipped[key]),
	};
	const response = await fetch(url, options).catch((cause) => {
		if (isAbort(cause)) throw cause;
		damaged.add(key);
		throw new Error(
			`${starting(name)} could not be downloaded: the network did not answer, or broke off. Check the connection, then choose “Try again”.`,
			{ cause },
		);
	});
	if (response.ok) return response;
	throw new Error(
		`${starting(name)} could not be downloaded: the server answered ${response.status}. Try again later; if that does not help, tell whoever runs this page.`,
	);
}

/** Bytes that travel. Before the response says how it is compressed, the smallest form is assumed. */
function size(file: ShippedFile | undefined, response?: Response): number {
	if (!file) {
		const compressed = response?.headers.has("content-encoding");
		return compressed ? 0 : Number(response?.headers.get("content-length") ?? 0);
	}
	const { bytes, encoded } = file;
	if (!response) return encoded.br ?? encoded.gzip ?? bytes;
	const encoding = response.headers.get("content-encoding");
	return (encoding === "br" && encoded.br) || (encoding === "gzip" && encoded.gzip) || bytes;
}

function counted(body: ReadableStream<Uint8Array>, download: Download, file: ShippedFile | undefined) {
	const share = file ? download.total / file.bytes : 1;
	return body.pipeThrough(
		new TransformStream<Uint8Array, Uint8Array<ArrayBuffer>>({
			transform(chunk, controller) {
				download.received += chunk.byteLength * share;
				downloads.changed();
				controller.enqueue(chunk as Uint8Array<ArrayBuffer>);
			},
		}),
	);
}

async function check(wanted: Wanted, file: Blob): Promise<void> {
	const known = shipped[wanted.key];
	if (!known) return;
	if (file.size !== known.bytes) throw damage(wanted);
	const digest = await sha256(await file.arrayBuffer());
	if (digest && asIntegrity(digest) !== known.integrity) throw damage(wanted);
	damaged.delete(wanted.key);
}

/** Fetches a file. `also` reads it as it comes in, before its digest is checked. */
export async function fetchWhole(
	wanted: Wanted,
	signal: AbortSignal,
	also?: (body: ReadableStream<Uint8Array<ArrayBuffer>>) => void,
): Promise<Blob> {
	const known = shipped[wanted.key];
	const download = downloads.begin(wanted.name, size(known));
	try {
		const response = await ask(wanted, signal);
		download.total = size(known, response);
		if (!response.body) throw damage(wanted);
		const body = counted(response.body, download, known);
		const [kept, read] = also ? body.tee() : [body];
		if (also && read) also(read);
		const file = await new Response(kept).blob().catch((cause) => {
			throw isAbort(cause) ? cause : damage(wanted);
		});
		await check(wanted, file);
		return file;
	} finally {
		download.done = true;
		downloads.changed();
	}
}

const fetched = new Map<string, SharedWork<Blob>>();

/** The file. It is kept, and all calls share one download. */
export function fetchOnce(wanted: Wanted, signal?: AbortSignal): Promise<Blob> {
	const one = fetched.get(wanted.key) ?? new SharedWork((last) => fetchWhole(wanted, last));
	fetched.set(wanted.key, one);
	return one.result(signal);
}
