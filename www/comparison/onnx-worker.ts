// Runs a backbone of the comparison in ONNX Runtime Web: one photo for each message, on the CPU, with one thread.

import runtime from "onnxruntime-web/ort-wasm-simd-threaded.wasm?url";
import * as ort from "onnxruntime-web/wasm";

/** Width and height of the window, pixels. */
const side = 224;

// The page's own program has one thread too.
ort.env.wasm.numThreads = 1;
ort.env.wasm.wasmPaths = { wasm: runtime };

const image = Float32Array.from({ length: 3 * side * side }, (_, index) => Math.sin(0.7 * index));

let session: Promise<ort.InferenceSession> | undefined;

/** Milliseconds from pixels in memory to feature maps in memory. */
async function run(backbone: string): Promise<number> {
	session ??= ort.InferenceSession.create(backbone, { executionProviders: ["wasm"] });
	const loaded = await session;
	const began = performance.now();
	await loaded.run({ image: new ort.Tensor("float32", image, [1, 3, side, side]) });
	return performance.now() - began;
}

self.addEventListener("message", async ({ data }: MessageEvent<string>) => {
	try {
		self.postMessage({ milliseconds: await run(data), version: ort.env.versions.web });
	} catch (cause) {
		self.postMessage({ problem: cause instanceof Error ? cause.message : String(cause) });
	}
});
