import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Bridge } from "../bridge.js";
import type { Reply, Request } from "../contract.js";
import { JobFailure } from "../job-failure.js";

vi.mock("../program.js", () => ({ fetchProgram: async () => "the program" }));

const started: FakeWorker[] = [];

/** The worker's end of the protocol. The real worker is tested in Chromium. */
class FakeWorker extends EventTarget {
	readonly asked: Request[] = [];
	ended = false;

	constructor() {
		super();
		started.push(this);
	}

	postMessage(request: Request): void {
		this.asked.push(request);
	}

	terminate(): void {
		this.ended = true;
	}

	says(reply: Reply): void {
		this.dispatchEvent(new MessageEvent("message", { data: reply }));
	}
}

const locks = new Map<string, () => void>();

beforeEach(() => {
	vi.useFakeTimers();
	vi.spyOn(console, "error").mockImplementation(() => {});
	started.length = 0;
	locks.clear();
	vi.stubGlobal("Worker", FakeWorker);
	vi.stubGlobal("navigator", {
		locks: {
			request: (name: string, granted: () => void) => {
				locks.set(name, granted);
			},
		},
	});
});
afterEach(() => {
	vi.useRealTimers();
	vi.unstubAllGlobals();
});

const settle = () => vi.advanceTimersByTimeAsync(0);
const file = new Blob(["-"]);
const askDescription = (bridge: Bridge, signal?: AbortSignal) => bridge.run("describe", { file }, { signal });

function worker(number: number): FakeWorker {
	const found = started[number];
	if (!found) throw new Error(`There is no worker ${number} yet.`);
	return found;
}

/** A bridge whose worker lives, and a job that it does. */
async function working(signal?: AbortSignal) {
	const bridge = new Bridge();
	const job = askDescription(bridge, signal);
	// Handled where a test looks at it.
	job.catch(() => {});
	await settle();
	worker(0).says({ is: "alive" });
	return { bridge, job };
}

const described = { kind: "extractor", id: "0123456789abcdef" } as const;
const answer: Reply = { is: "answer", value: described };

test("a request waits until the worker lives, and brings the program", async () => {
	const bridge = new Bridge();
	const job = askDescription(bridge);
	await settle();
	expect(worker(0).asked).toEqual([]);
	worker(0).says({ is: "alive" });
	expect(worker(0).asked).toMatchObject([{ name: "describe", program: "the program" }]);
	worker(0).says(answer);
	expect(await job).toEqual(described);
});

test("one job runs at a time, in the order of the calls, in one worker", async () => {
	const { bridge, job } = await working();
	const second = askDescription(bridge);
	await settle();
	expect(worker(0).asked).toHaveLength(1);
	worker(0).says(answer);
	await job;
	expect(worker(0).asked).toHaveLength(2);
	worker(0).says(answer);
	await second;
	expect(started).toHaveLength(1);
});

test("stages are passed on, and a failure names the last one", async () => {
	const bridge = new Bridge();
	const stages: string[] = [];
	const job = bridge.run("describe", { file }, { onStage: (stage) => stages.push(stage) });
	await settle();
	worker(0).says({ is: "alive" });
	worker(0).says({ is: "stage", stage: "extractor" });
	const cause = { name: "Error", message: "The file is no model." };
	worker(0).says({ is: "failure", cause, stage: "extractor", fault: "job" });
	const failure = await job.catch((thrown) => thrown);
	expect(failure).toBeInstanceOf(JobFailure);
	expect(failure).toMatchObject({ message: "The file is no model.", stage: "extractor", died: false });
	expect(stages).toEqual(["extractor"]);
	expect(worker(0).ended).toBe(false);
});

test("aborting the running job ends its worker, and the next job gets another", async () => {
	const abort = new AbortController();
	const { bridge, job } = await working(abort.signal);
	const next = askDescription(bridge);
	await settle();
	abort.abort();
	await expect(job).rejects.toThrow(/aborted/);
	expect(worker(0).ended).toBe(true);
	worker(1).says({ is: "alive" });
	// What the ended worker still had to say counts no more.
	const cause = { name: "Error", message: "The file is no model." };
	worker(0).says({ is: "failure", cause, stage: "wasm", fault: "job" });
	worker(1).says(answer);
	expect(await next).toEqual(described);
});

test("aborting a job that waits leaves the running one alone", async () => {
	const { bridge, job } = await working();
	const abort = new AbortController();
	const waiting = askDescription(bridge, abort.signal);
	await settle();
	abort.abort();
	await expect(waiting).rejects.toThrow(/aborted/);
	worker(0).says(answer);
	expect(await job).toEqual(described);
	expect(worker(0).asked).toHaveLength(1);
});

test("a worker that is to blame for a failure does no further job", async () => {
	const { bridge, job } = await working();
	const cause = { name: "RuntimeError", message: "unreachable" };
	worker(0).says({ is: "failure", cause, stage: "inspect", fault: "worker" });
	await expect(job).rejects.toMatchObject({ fault: "worker", died: false });
	expect(worker(0).ended).toBe(true);
	void askDescription(bridge);
	await settle();
	expect(started).toHaveLength(2);
});

test("a worker that says nothing for two minutes has died, and one that beats has not", async () => {
	const { job } = await working();
	await vi.advanceTimersByTimeAsync(115_000);
	worker(0).says({ is: "beat" });
	await vi.advanceTimersByTimeAsync(115_000);
	expect(worker(0).ended).toBe(false);
	await vi.advanceTimersByTimeAsync(10_000);
	expect(worker(0).ended).toBe(true);
	await expect(job).rejects.toMatchObject({ fault: "worker", died: true });
});

test("the lock of an ended worker tells, while it works and while it is idle", async () => {
	const { bridge, job } = await working();
	const [ends] = locks.values();
	ends?.();
	await expect(job).rejects.toMatchObject({ died: true });
	const next = askDescription(bridge);
	await settle();
	worker(1).says({ is: "alive" });
	worker(1).says(answer);
	await next;
	[...locks.values()][1]?.();
	expect(worker(1).ended).toBe(true);
});

test("an idle worker is ended after a while, and its memory with it", async () => {
	const { job } = await working();
	worker(0).says(answer);
	await job;
	await vi.advanceTimersByTimeAsync(5 * 60_000);
	expect(worker(0).ended).toBe(true);
});

test("a script that cannot be loaded is told with a remedy", async () => {
	const { job } = await working();
	worker(0).dispatchEvent(new Event("error"));
	await expect(job).rejects.toThrow(/could not be started.*Check the connection/);
});
