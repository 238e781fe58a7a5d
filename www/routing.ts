// The route in use, and how the page leaves the GPU where that fails.
import { orAbort } from "./abort.js";
import type { DeviceInfo, Route } from "./contract.js";
import { JobFailure } from "./job-failure.js";
import { type Choice, type Chosen, choose, type Gpu } from "./routes.js";
import { sentence } from "./sentence.js";

/** Milliseconds that the CPU leaves the GPU to answer, so that models are not loaded on one and then on the other. */
const headStart = 1000;

export class Routing {
	choice: Choice = "auto";
	gpu: Gpu = { present: false, software: false, name: "", reason: "WebGPU has not answered yet" };
	/** Kept once the GPU has answered or has had its time to: photos do not wait longer for it. */
	readonly #asked: Promise<void>;
	#answered: () => void = () => {};

	constructor() {
		this.#asked = new Promise((resolve) => {
			this.#answered = resolve;
		});
		setTimeout(this.#answered, headStart);
	}

	hear(gpu: Gpu): void {
		this.gpu = gpu;
		this.#answered();
	}

	get chosen(): Chosen {
		return choose(this.choice, this.gpu);
	}

	/**
	 * Does the job on the current route. Where the page chose the GPU by itself and that may be to blame for a failure, the
	 * CPU shows whether it was: if it can do the job, the page goes on without the GPU.
	 */
	async onCpuAtLast<T>(signal: AbortSignal, job: (route: Route) => Promise<T>): Promise<T> {
		if (this.choice === "auto") await orAbort(this.#asked, signal);
		const { route } = this.chosen;
		try {
			return await job(route);
		} catch (failed) {
			signal.throwIfAborted();
			const ofWorker = failed instanceof JobFailure && failed.fault === "worker" && failed.stage !== "wasm";
			if (this.choice !== "auto" || route !== "webgpu" || !ofWorker) throw failed;
			const done = await job("cpu");
			this.gpu = { ...this.gpu, reason: `WebGPU was given up. ${sentence(failed)}` };
			return done;
		}
	}

	/** Some software adapters own up only once a device was made. */
	mindSoftware({ route, name, software }: DeviceInfo): void {
		if (route === "webgpu" && software && !this.gpu.software) this.gpu = { ...this.gpu, software, name };
	}
}
