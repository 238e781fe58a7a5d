// The route in use. The page leaves the GPU where that fails.
import { orAbort } from "./abort.js";
import type { DeviceInfo, Route } from "./contract.js";
import { JobFailure } from "./job-failure.js";
import { type Choice, type Chosen, choose, type Gpu } from "./routes.js";
import { sentence } from "./sentence.js";

/** Milliseconds that jobs wait for the GPU to answer, so that models are not loaded on the CPU and then again. */
const headStart = 1000;

export class Routing {
	choice: Choice = "auto";
	gpu: Gpu = { present: false, software: false, name: "", reason: "WebGPU has not answered yet" };
	/** Resolves once the GPU has answered or its time is over. Jobs wait no longer for it. */
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
	 * Does the job on the current route. A GPU that the page chose by itself may be to blame for a failure. The job is then
	 * tried on the CPU, and where that succeeds, the page goes on without the GPU.
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

	/** Leaves a software adapter that could be told from a GPU only once a device was made. */
	mindSoftware({ route, name, software }: DeviceInfo): void {
		if (route === "webgpu" && software && !this.gpu.software) this.gpu = { ...this.gpu, software, name };
	}
}
