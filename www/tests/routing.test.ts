import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Route } from "../contract.js";
import { JobFailure } from "../job-failure.js";
import { choose, type Gpu } from "../routes.js";
import { Routing } from "../routing.js";

const hardware: Gpu = { present: true, software: false, name: "maker", reason: "" };
const software: Gpu = { present: true, software: true, name: "SwiftShader", reason: "" };
const none: Gpu = { present: false, software: false, name: "", reason: "this browser has no WebGPU" };

beforeEach(() => {
	vi.useFakeTimers();
	vi.spyOn(console, "error").mockImplementation(() => {});
});
afterEach(() => {
	vi.useRealTimers();
});

const { signal } = new AbortController();

function lostOnGpu(): JobFailure {
	return new JobFailure(new Error("GPUDevice was lost"), "webgpu", "inspect", "worker");
}

/** A job that fails on the GPU. The routes on which it was tried are in `tried`. */
function failingOnGpu(failure: unknown) {
	const tried: Route[] = [];
	const job = async (route: Route) => {
		tried.push(route);
		if (route === "webgpu") throw failure;
		return "done";
	};
	return { tried, job };
}

test("Automatic takes a hardware GPU, and leaves a software adapter or an absent one alone", () => {
	expect(choose("auto", hardware)).toEqual({ route: "webgpu", reason: "maker" });
	expect(choose("auto", software).route).toBe("cpu");
	expect(choose("auto", software).reason).toMatch(/SwiftShader.*software/);
	expect(choose("auto", none)).toEqual({ route: "cpu", reason: "this browser has no WebGPU" });
});

test("what the visitor chooses is taken, unless the GPU is not there", () => {
	expect(choose("cpu", hardware).route).toBe("cpu");
	expect(choose("webgpu", software).route).toBe("webgpu");
	expect(choose("webgpu", none).route).toBe("cpu");
});

test("a job waits for the GPU to answer, but no longer than a second", async () => {
	const routing = new Routing();
	const job = vi.fn(async (route: Route) => route);
	const done = routing.onCpuAtLast(signal, job);
	await vi.advanceTimersByTimeAsync(900);
	expect(job).not.toHaveBeenCalled();
	await vi.advanceTimersByTimeAsync(200);
	expect(await done).toBe("cpu");
	// It is kept: the next one does not wait again.
	expect(await routing.onCpuAtLast(signal, job)).toBe("cpu");
});

test("a GPU that answers in time gets the job", async () => {
	const routing = new Routing();
	const done = routing.onCpuAtLast(signal, async (route) => route);
	routing.hear(hardware);
	expect(await done).toBe("webgpu");
});

test("where the GPU fails and the CPU does not, the page goes on without the GPU and says why", async () => {
	const routing = new Routing();
	routing.hear(hardware);
	const { tried, job } = failingOnGpu(lostOnGpu());
	expect(await routing.onCpuAtLast(signal, job)).toBe("done");
	expect(tried).toEqual(["webgpu", "cpu"]);
	expect(routing.chosen.route).toBe("cpu");
	expect(routing.chosen.reason).toMatch(/WebGPU was given up/);
});

test("a failure that is not the GPU's is not tried on the CPU", async () => {
	const routing = new Routing();
	routing.hear(hardware);
	const ofPhoto = new JobFailure(new Error("The file is cut short."), "webgpu", "inspect", "photo");
	const { tried, job } = failingOnGpu(ofPhoto);
	await expect(routing.onCpuAtLast(signal, job)).rejects.toBe(ofPhoto);
	expect(tried).toEqual(["webgpu"]);
	expect(routing.chosen.route).toBe("webgpu");
});

test("a GPU that the visitor chose is not given up", async () => {
	const routing = new Routing();
	routing.hear(hardware);
	routing.choice = "webgpu";
	const failure = lostOnGpu();
	const { tried, job } = failingOnGpu(failure);
	await expect(routing.onCpuAtLast(signal, job)).rejects.toBe(failure);
	expect(tried).toEqual(["webgpu"]);
});

test("an adapter that turns out to be software is left", () => {
	const routing = new Routing();
	routing.hear(hardware);
	routing.mindSoftware({ route: "webgpu", name: "llvmpipe", software: true });
	expect(routing.chosen.route).toBe("cpu");
	expect(routing.chosen.reason).toMatch(/llvmpipe/);
});
