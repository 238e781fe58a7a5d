// Times ONNX Runtime Web on a backbone, so that a reader sees how good this page's own kernels are.
import { warmUp } from "./measurement.js";

/** Photos in ONNX Runtime Web that count, milliseconds, and its version. */
export interface OnnxTimes {
	version: string;
	times: number[];
}

type Answer = { milliseconds: number; version: string } | { problem: string };

/** Runs one photo in the worker. */
function photo(
	worker: Worker,
	backbone: string,
	signal: AbortSignal,
): Promise<{ milliseconds: number; version: string }> {
	return new Promise((resolve, reject) => {
		const settled = new AbortController();
		const once = { signal: settled.signal };
		const end = (act: () => void) => {
			settled.abort();
			act();
		};
		const fail = (problem: string) =>
			end(() => reject(new Error(`ONNX Runtime Web did not run: ${problem}`)));
		signal.addEventListener("abort", () => end(() => reject(signal.reason)), once);
		worker.addEventListener("error", ({ message }) => fail(message || "it could not be loaded"), once);
		const onAnswer = ({ data }: MessageEvent<Answer>) =>
			"problem" in data ? fail(data.problem) : end(() => resolve(data));
		worker.addEventListener("message", onAnswer, once);
		worker.postMessage(new URL(`backbones/${backbone}.onnx`, document.baseURI).href);
	});
}

/** `onPhoto` is called after each photo that counts. As in the rows, the first two do not. */
export async function timeOnnxRuntime(
	backbone: string,
	count: number,
	signal: AbortSignal,
	onPhoto: (sofar: OnnxTimes) => void,
): Promise<void> {
	signal.throwIfAborted();
	const worker = new Worker(new URL("./onnx-worker.ts", import.meta.url), { type: "module" });
	const times: number[] = [];
	try {
		for (let i = 0; i < 1 + warmUp; i++) await photo(worker, backbone, signal);
		while (times.length < count) {
			const { milliseconds, version } = await photo(worker, backbone, signal);
			times.push(milliseconds);
			onPhoto({ version, times: [...times] });
		}
	} finally {
		// Its memory goes with it.
		worker.terminate();
	}
}
