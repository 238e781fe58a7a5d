import { expect, test } from "vitest";
import { SharedTasks } from "../teaching/shared-tasks.js";

const shared = (...tasks: string[]) => new SharedTasks<string, number>(tasks);

test("results come in the order of the tasks, whoever is done first", async () => {
	const tasks = shared("a", "b", "c");
	const taken = [tasks.next(), tasks.next(), tasks.next()].map((next) => next?.number);
	expect(taken).toEqual([0, 1, 2]);
	expect(tasks.next()).toBeUndefined();
	expect([tasks.finish(2, 20), tasks.finish(0, 0)]).toEqual(["c", "a"]);
	const all = tasks.all();
	tasks.finish(1, 10);
	expect(await all).toEqual([0, 10, 20]);
});

test("a task that was given back is done by another, once", async () => {
	const tasks = shared("a", "b");
	tasks.next();
	tasks.putBack(0);
	expect(tasks.next()).toEqual({ number: 0, task: "a" });
	expect(tasks.finish(0, 1)).toBe("a");
	// A helper that was taken for lost answers after all.
	expect(tasks.finish(0, 9)).toBeUndefined();
	tasks.putBack(0);
	expect(tasks.next()?.number).toBe(1);
	tasks.finish(1, 2);
	expect(await tasks.all()).toEqual([1, 2]);
});

test("nothing to do is done at once", async () => {
	expect(await shared().all()).toEqual([]);
});
