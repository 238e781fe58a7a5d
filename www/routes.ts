// The routes, CPU and GPU: what this browser offers, and which one a photo takes.
import type { Route } from "./contract.js";

export type Choice = "auto" | Route;

export interface Gpu {
	/** True where the GPU can be asked for work. */
	present: boolean;
	/** True for an adapter that offers a GPU's interface and computes on the processor. */
	software: boolean;
	name: string;
	/** The reason why the GPU is absent or not trusted. */
	reason: string;
}

export interface Chosen {
	route: Route;
	reason: string;
}

const softwareNames = /swiftshader|llvmpipe|lavapipe|softpipe|basic render|\bwarp\b|software/i;

function nameOf(info: GPUAdapterInfo): string {
	const name = info.description || [info.vendor, info.architecture].filter(Boolean).join(" ");
	return name || "unnamed adapter";
}

function absent(reason: string): Gpu {
	return { present: false, software: false, name: "", reason };
}

/** Milliseconds after which a GPU that has not answered counts as absent. */
const answerLimit = 5000;

async function askForGpu(): Promise<Gpu> {
	if (!("gpu" in navigator) || !navigator.gpu) {
		return absent(
			isSecureContext
				? "this browser has no WebGPU"
				: "browsers offer WebGPU only over HTTPS or on localhost",
		);
	}
	try {
		const adapter = await navigator.gpu.requestAdapter({ powerPreference: "high-performance" });
		if (!adapter) return absent("this browser has WebGPU but found no graphics adapter");
		const { info } = adapter;
		const words = [info.vendor, info.architecture, info.device, info.description].join(" ");
		const software = info.isFallbackAdapter || softwareNames.test(words);
		return { present: true, software, name: nameOf(info), reason: "" };
	} catch {
		return absent("this browser’s WebGPU did not answer");
	}
}

/** Reports the GPU when it answers, and reports its absence before where that takes too long. */
export function watchForGpu(hear: (gpu: Gpu) => void): void {
	const late = setTimeout(() => hear(absent("this browser’s WebGPU has not answered yet")), answerLimit);
	void askForGpu().then((gpu) => {
		clearTimeout(late);
		hear(gpu);
	});
}

/** The GPU of this browser, found within `answerLimit`. */
export function findGpu(): Promise<Gpu> {
	return new Promise(watchForGpu);
}

export function choose(choice: Choice, gpu: Gpu): Chosen {
	if (choice === "cpu") return { route: "cpu", reason: "chosen by you" };
	if (choice === "webgpu" && gpu.present) {
		return {
			route: "webgpu",
			reason: gpu.software ? `${gpu.name}, a software adapter; expect it to be slow` : gpu.name,
		};
	}
	if (!gpu.present) return { route: "cpu", reason: gpu.reason };
	if (gpu.reason) return { route: "cpu", reason: gpu.reason };
	if (gpu.software) {
		return {
			route: "cpu",
			reason: `the WebGPU adapter (${gpu.name}) is software, slower than the CPU itself`,
		};
	}
	return { route: "webgpu", reason: gpu.name };
}

export const routeNames: Record<Route, string> = { cpu: "CPU (wasm)", webgpu: "GPU (WebGPU)" };
