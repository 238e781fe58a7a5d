export function isAbort(cause: unknown): boolean {
	return cause instanceof DOMException && cause.name === "AbortError";
}

/** Waits for something that cannot be aborted itself, but no longer than the signal allows. */
export function orAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
	if (!signal) return promise;
	return new Promise((resolve, reject) => {
		const onAbort = () => reject(signal.reason);
		if (signal.aborted) onAbort();
		signal.addEventListener("abort", onAbort, { once: true });
		promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
	});
}
