import { expect, test } from "vitest";
import type { DefectTask } from "../teaching/contract.js";
import { SharedTasks } from "../teaching/shared-tasks.js";

const tasks = (...counts: number[]) => counts.map((count) => ({ count }) as DefectTask);
const features = (value: number) => new Uint8Array([value]);

test("features come in the order of the tasks, whoever is done first", async () => {
	const shared = new SharedTasks(tasks(8, 8, 3));
	const taken = [shared.next(), shared.next(), shared.next()].map((next) => next?.number);
	expect(taken).toEqual([0, 1, 2]);
	expect(shared.next()).toBeUndefined();
	expect([shared.finish(2, features(2)), shared.finish(0, features(0))]).toEqual([3, 8]);
	const all = shared.all();
	shared.finish(1, features(1));
	expect((await all).map(([value]) => value)).toEqual([0, 1, 2]);
});

test("a task that was given back is done by another, once", async () => {
	const shared = new SharedTasks(tasks(5, 5));
	shared.next();
	shared.putBack(0);
	expect(shared.next()?.number).toBe(0);
	expect(shared.finish(0, features(0))).toBe(5);
	// A helper that was taken for lost answers after all.
	expect(shared.finish(0, features(9))).toBe(0);
	shared.putBack(0);
	expect(shared.next()?.number).toBe(1);
	shared.finish(1, features(1));
	expect((await shared.all()).map(([value]) => value)).toEqual([0, 1]);
});

test("nothing to do is done at once", async () => {
	expect(await new SharedTasks([]).all()).toEqual([]);
});
