// Work that is done once for several who wait for it.
import { orAbort } from "./abort.js";

interface Running<T> {
	result: Promise<T>;
	waiting: number;
	abort: AbortController;
}

/** Begins with the first call, and is aborted when all who wait are. After a failure the next call tries again. */
export class SharedWork<T> {
	readonly #begin: (signal: AbortSignal) => Promise<T>;
	#running: Running<T> | undefined;

	constructor(begin: (signal: AbortSignal) => Promise<T>) {
		this.#begin = begin;
	}

	async result(signal?: AbortSignal): Promise<T> {
		this.#running ??= this.#start();
		const one = this.#running;
		one.waiting += 1;
		try {
			return await orAbort(one.result, signal);
		} catch (cause) {
			if (one.waiting === 1) {
				if (this.#running === one) this.#running = undefined;
				one.abort.abort();
			}
			throw cause;
		} finally {
			one.waiting -= 1;
		}
	}

	#start(): Running<T> {
		const abort = new AbortController();
		return { result: this.#begin(abort.signal), waiting: 0, abort };
	}
}
