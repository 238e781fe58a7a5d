// The page's only way to the worker: typed, one job at a time, and every job can be aborted.
import type { Fault, JobName, Jobs, Reply, Request, Stage } from "./contract.js";
import { fetchProgram } from "./program.js";

/** A job that failed inside the worker, with the stage it had reached. */
export class JobFailure extends Error {
	readonly stage: Stage;
	readonly fault: Fault;

	constructor(message: string, stage: Stage, fault: Fault) {
		super(message);
		this.name = "JobFailure";
		this.stage = stage;
		this.fault = fault;
	}
}

export interface JobOptions {
	signal?: AbortSignal | undefined;
	onStage?: ((stage: Stage) => void) | undefined;
}

interface Job {
	request: Request;
	onStage: ((stage: Stage) => void) | undefined;
	resolve: (value: Jobs[JobName]["answers"]) => void;
	reject: (cause: unknown) => void;
}

const idleMilliseconds = 4 * 60_000;

export class Bridge {
	#worker: Worker | undefined;
	#running: Job | undefined;
	#waiting: Job[] = [];
	#stage: Stage = "wasm";
	#idle: ReturnType<typeof setTimeout> | undefined;

	async run<N extends JobName>(
		name: N,
		takes: Jobs[N]["takes"],
		{ signal, onStage }: JobOptions = {},
	): Promise<Jobs[N]["answers"]> {
		const program = await fetchProgram(signal);
		return new Promise((resolve, reject) => {
			if (signal?.aborted) {
				reject(signal.reason);
				return;
			}
			const onAbort = () => this.#drop(job, signal?.reason);
			const deaf = () => signal?.removeEventListener("abort", onAbort);
			const job: Job = {
				request: { name, program, ...takes } as unknown as Request,
				onStage,
				resolve: (value) => {
					deaf();
					// The worker answers each request with that request's own kind of answer.
					resolve(value as Jobs[N]["answers"]);
				},
				reject: (cause) => {
					deaf();
					reject(cause);
				},
			};
			signal?.addEventListener("abort", onAbort, { once: true });
			this.#waiting.push(job);
			this.#next();
		});
	}

	/** Ends the worker, whatever it holds and the job that it does; the next job starts another. */
	end(): void {
		this.#terminate();
		this.#running?.reject(new DOMException("The work was ended.", "AbortError"));
		this.#running = undefined;
		this.#next();
	}

	#terminate(): void {
		clearTimeout(this.#idle);
		this.#worker?.terminate();
		this.#worker = undefined;
	}

	#next(): void {
		if (this.#running) return;
		clearTimeout(this.#idle);
		const job = this.#waiting.shift();
		if (!job) {
			if (this.#worker) this.#idle = setTimeout(() => this.#terminate(), idleMilliseconds);
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
		if (reply.is === "stage") {
			this.#stage = reply.stage;
			job?.onStage?.(reply.stage);
			return;
		}
		// Also where no job runs: the next one must not be given to a worker that has failed.
		if (reply.is === "failure" && reply.fault === "worker") this.#terminate();
		this.#running = undefined;
		if (reply.is === "answer") job?.resolve(reply.value);
		else job?.reject(new JobFailure(reply.message, reply.stage, reply.fault));
		this.#next();
	}

	#fail(message: string): void {
		this.#hear({ is: "failure", message, stage: this.#stage, fault: "worker" });
	}

	#drop(job: Job, cause: unknown): void {
		this.#waiting = this.#waiting.filter((other) => other !== job);
		job.reject(cause);
		if (this.#running !== job) return;
		// The engine computes without pause, so ending its worker is the only way to stop it.
		this.#terminate();
		this.#running = undefined;
		this.#next();
	}
}
