// The page's only way to the worker: typed, one job at a time, and every job can be aborted.
import type { JobName, Jobs, Reply, Request, Stage } from "./contract.js";

/** A job that failed inside the worker, with the stage it had reached. */
export class JobFailure extends Error {
	readonly stage: Stage;
	readonly fatal: boolean;

	constructor(message: string, stage: Stage, fatal: boolean) {
		super(message);
		this.name = "JobFailure";
		this.stage = stage;
		this.fatal = fatal;
	}
}

export interface JobOptions {
	signal?: AbortSignal | undefined;
	onStage?: ((stage: Stage) => void) | undefined;
}

interface Job {
	request: Request;
	onStage: ((stage: Stage) => void) | undefined;
	settle: (reply: Exclude<Reply, { is: "stage" }>) => void;
}

const idleMilliseconds = 4 * 60_000;

export class Bridge {
	#worker: Worker | undefined;
	#running: Job | undefined;
	#waiting: Job[] = [];
	#stage: Stage = "wasm";
	#idle: ReturnType<typeof setTimeout> | undefined;

	run<N extends JobName>(
		name: N,
		takes: Jobs[N]["takes"],
		{ signal, onStage }: JobOptions = {},
	): Promise<Jobs[N]["answers"]> {
		return new Promise((resolve, reject) => {
			if (signal?.aborted) {
				reject(signal.reason);
				return;
			}
			const onAbort = () => {
				this.#drop(job);
				reject(signal?.reason);
			};
			const job: Job = {
				request: { name, ...takes } as unknown as Request,
				onStage,
				settle: (reply) => {
					signal?.removeEventListener("abort", onAbort);
					// The worker answers each request with that request's own kind of answer.
					if (reply.is === "answer") resolve(reply.value as Jobs[N]["answers"]);
					else reject(new JobFailure(reply.message, reply.stage, reply.fatal));
				},
			};
			signal?.addEventListener("abort", onAbort, { once: true });
			this.#waiting.push(job);
			this.#next();
		});
	}

	/** Ends the worker and with it whatever it holds; the next job starts another. */
	end(): void {
		clearTimeout(this.#idle);
		this.#worker?.terminate();
		this.#worker = undefined;
	}

	#next(): void {
		if (this.#running) return;
		clearTimeout(this.#idle);
		const job = this.#waiting.shift();
		if (!job) {
			this.#idle = setTimeout(() => this.end(), idleMilliseconds);
			return;
		}
		this.#running = job;
		this.#stage = "wasm";
		try {
			this.#worker ??= this.#start();
			this.#worker.postMessage(job.request);
		} catch {
			this.#fail("This browser cannot start the background worker that the inspection runs in.");
		}
	}

	#start(): Worker {
		const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
		// What an ended worker still had to say must not be taken for its successor's answer.
		const current = () => this.#worker === worker;
		worker.addEventListener("message", (event: MessageEvent<Reply>) => {
			if (current()) this.#hear(event.data);
		});
		worker.addEventListener("error", (event) => {
			if (!current()) return;
			// Handled here, so that it does not count as an error of the page too.
			event.preventDefault();
			this.#fail(
				event.message
					? `The background worker stopped: ${event.message}`
					: "The inspection program could not be loaded into a background worker.",
			);
		});
		return worker;
	}

	#hear(reply: Reply): void {
		const job = this.#running;
		if (!job) return;
		if (reply.is === "stage") {
			this.#stage = reply.stage;
			job.onStage?.(reply.stage);
			return;
		}
		if (reply.is === "failure" && reply.fatal) this.end();
		this.#running = undefined;
		job.settle(reply);
		this.#next();
	}

	#fail(message: string): void {
		this.end();
		this.#hear({ is: "failure", message, stage: this.#stage, fatal: true });
	}

	#drop(job: Job): void {
		this.#waiting = this.#waiting.filter((other) => other !== job);
		if (this.#running !== job) return;
		// The engine computes without pause, so ending its worker is the only way to stop it.
		this.end();
		this.#running = undefined;
		this.#next();
	}
}
