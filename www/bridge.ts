// The page's only way to the worker. It is typed, runs one job at a time, and can abort every job.
import type { JobName, Jobs, Reply, Request, Route, Stage } from "./contract.js";
import { JobFailure } from "./job-failure.js";
import { fetchProgram } from "./program.js";
import { type Cause, diedName } from "./sentence.js";

export interface JobOptions {
	signal?: AbortSignal | undefined;
	onStage?: ((stage: Stage) => void) | undefined;
	/** Parts of the request that the worker gets without a copy. */
	handedOver?: Transferable[] | undefined;
}

interface Job {
	request: Request;
	handedOver: Transferable[];
	onStage: ((stage: Stage) => void) | undefined;
	resolve: (value: Jobs[JobName]["answers"]) => void;
	reject: (cause: unknown) => void;
}

const idleMilliseconds = 4 * 60_000;

/** Milliseconds without a sign of life after which a worker counts as hung. Large photos get more time. */
const silence = 120_000;
const silencePerMegabyte = 10_000;
/** Limit while a GPU is opened: that takes less time, where it succeeds at all. */
const silenceOfDevice = 30_000;
/** Limit while a model is taught or a method compared: a fit, or a photo on a software GPU, computes without a sign. */
const silenceOfTeaching = 900_000;

function silenceAllowed(request: Request, stage: Stage): number {
	if (stage === "device") return silenceOfDevice;
	if (stage === "teach" || stage === "contend") return silenceOfTeaching;
	const bytes = "photo" in request ? request.photo.size : 0;
	return silence + (bytes / 1e6) * silencePerMegabyte;
}

function routeOf(request: Request): Route {
	if ("setting" in request) return request.setting.route;
	return "route" in request ? request.route : "cpu";
}

let started = 0;

/** A name that no other worker has, in this tab or another one. */
function workerName(): string {
	started += 1;
	return `cse worker ${performance.timeOrigin} ${Math.random()} ${started}`;
}

export class Bridge {
	#worker: Worker | undefined;
	/** The worker has said that it lives. Before that, its end would not be noticed. */
	#alive = false;
	#running: Job | undefined;
	#waiting: Job[] = [];
	#stage: Stage = "wasm";
	#idle: ReturnType<typeof setTimeout> | undefined;
	#silent: ReturnType<typeof setTimeout> | undefined;

	async run<N extends JobName>(
		name: N,
		takes: Jobs[N]["takes"],
		{ signal, onStage, handedOver = [] }: JobOptions = {},
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
				handedOver,
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

	/** Ends the worker, its models and its job. The next job starts another worker. */
	end(): void {
		this.#terminate();
		this.#running?.reject(new DOMException("The work was ended.", "AbortError"));
		this.#running = undefined;
		this.#next();
	}

	#terminate(): void {
		clearTimeout(this.#idle);
		clearTimeout(this.#silent);
		this.#worker?.terminate();
		this.#worker = undefined;
		this.#alive = false;
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
			this.#listen(job);
			if (this.#alive) this.#worker.postMessage(job.request, job.handedOver);
		} catch {
			this.#fail({
				name: "",
				message:
					"This browser cannot start the background worker that the inspection runs in. Reload the page.",
			});
		}
	}

	/** Gives the worker its full time from now on. */
	#listen({ request }: Job): void {
		clearTimeout(this.#silent);
		this.#silent = setTimeout(() => this.#died(), silenceAllowed(request, this.#stage));
	}

	/** Lets go of a worker that has ended. An idle one too must not get the next job. */
	#died(): void {
		if (this.#running) this.#fail({ name: diedName, message: "The worker ended or hangs." });
		else this.#terminate();
	}

	#start(): Worker {
		const name = workerName();
		const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name });
		// A late message of an ended worker must not be taken for its successor's answer.
		const current = () => this.#worker === worker;
		worker.addEventListener("message", (event: MessageEvent<Reply>) => {
			if (!current()) return;
			if (event.data.is !== "alive") {
				this.#hear(event.data);
				return;
			}
			this.#alive = true;
			// Granted to the page only once the worker is gone.
			void navigator.locks?.request(name, () => current() && this.#died());
			if (this.#running) worker.postMessage(this.#running.request, this.#running.handedOver);
		});
		worker.addEventListener("error", (event) => {
			if (!current()) return;
			// Handled here, so that it does not count as an error of the page too.
			event.preventDefault();
			// An error without a message means that the script could not be loaded.
			const unloaded =
				"The inspection program could not be started in a background worker. Check the connection, then try again.";
			this.#fail(
				event.message ? { name: "RuntimeError", message: event.message } : { name: "", message: unloaded },
			);
		});
		return worker;
	}

	#hear(reply: Exclude<Reply, { is: "alive" }>): void {
		const job = this.#running;
		if (reply.is === "beat" || reply.is === "stage") {
			if (reply.is === "stage") {
				this.#stage = reply.stage;
				job?.onStage?.(reply.stage);
			}
			if (job) this.#listen(job);
			return;
		}
		clearTimeout(this.#silent);
		// A worker that has failed must not get another job, also where it failed without one.
		if (reply.is === "failure" && reply.fault === "worker") this.#terminate();
		this.#running = undefined;
		if (reply.is === "answer") job?.resolve(reply.value);
		else if (job) job.reject(new JobFailure(reply.cause, routeOf(job.request), reply.stage, reply.fault));
		this.#next();
	}

	#fail(cause: Cause): void {
		this.#hear({ is: "failure", cause, stage: this.#stage, fault: "worker" });
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
