// Signs by which the page learns that a worker lives, still computes or has ended.
import type { Reply } from "./contract.js";

/** Milliseconds between two signs of a worker that computes. */
const beatPause = 1000;

/** Sends a sign from time to time while the engine computes. It computes without pause, so no timer can run. */
export function beat(post: (reply: Reply) => void): void {
	let last = 0;
	// The engine reads the clock between its steps.
	const now = performance.now.bind(performance);
	performance.now = () => {
		const time = now();
		if (time - last > beatPause) {
			last = time;
			post({ is: "beat" });
		}
		return time;
	};
}

/** Says that the worker takes requests, and holds the lock with its name for as long as it lives. */
export function live(post: (reply: Reply) => void): void {
	const forEver = (): Promise<never> => {
		post({ is: "alive" });
		return new Promise(() => {});
	};
	// The browser releases the lock whatever ends the worker, and no event says so. Locks exist over HTTPS and on localhost.
	if (navigator.locks) void navigator.locks.request(self.name, forEver);
	else void forEver();
}
