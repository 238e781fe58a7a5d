import { expect, test } from "vitest";
import { SharedWork } from "../shared-work.js";

test("several who wait get one result, and the work is done once", async () => {
	let begun = 0;
	const work = new SharedWork(async () => {
		begun += 1;
		return begun;
	});
	expect(await Promise.all([work.result(), work.result()])).toEqual([1, 1]);
	expect(await work.result()).toBe(1);
});

test("a failure is not kept: the next call tries again", async () => {
	let begun = 0;
	const work = new SharedWork(async () => {
		begun += 1;
		if (begun === 1) throw new Error("The network did not answer.");
		return begun;
	});
	await expect(work.result()).rejects.toThrow("The network did not answer.");
	expect(await work.result()).toBe(2);
});

test("the work ends when the last who waits is aborted, and not before", async () => {
	let inner: AbortSignal | undefined;
	const work = new SharedWork((signal) => {
		inner = signal;
		return new Promise<never>(() => {});
	});
	const [first, second] = [new AbortController(), new AbortController()];
	const waiting = [work.result(first.signal), work.result(second.signal)];
	first.abort();
	await expect(waiting[0]).rejects.toThrow();
	expect(inner?.aborted).toBe(false);
	second.abort();
	await expect(waiting[1]).rejects.toThrow();
	expect(inner?.aborted).toBe(true);
});
