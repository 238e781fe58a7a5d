// Measures one row of the comparison on one route, photo after photo, in a new worker.
import { Bridge } from "../bridge.js";
import type { ContenderInfo, ContenderRun, ContenderWeight, DeviceInfo, Route } from "../contract.js";

/** Photos after the first one that are not counted: in them the browser still compiles what runs often. */
export const warmUp = 1;

/** One row of the comparison on one route. Times in milliseconds. */
export interface Measured {
	contender: ContenderInfo;
	device: DeviceInfo;
	weight: ContenderWeight;
	/** The first photo. The start of the program and the opening of the device come before it. */
	cold: { program: number; device: number; photo: number };
	/** Every photo that counts, in order. */
	runs: ContenderRun[];
	/** A sentence on why there are no more of them. */
	problem?: string;
}

export interface Plan {
	contender: ContenderInfo;
	route: Route;
	/** Number of photos that count. */
	count: number;
	signal: AbortSignal;
}

export function total({ input, backbone, method }: ContenderRun): number {
	return input + backbone + method;
}

/** `onStep` is called after the first photo and after each photo that counts. */
export async function measure(
	{ contender, route, count, signal }: Plan,
	onStep: (measured: Measured) => void,
): Promise<void> {
	const bridge = new Bridge();
	const contend = () => bridge.run("contend", { route, contender: contender.id }, { signal });
	try {
		const { device, weight, load, run } = await contend();
		const cold = { program: load.wasm, device: load.device, photo: total(run) };
		const measured: Measured = { contender, device, weight, cold, runs: [] };
		onStep(measured);
		for (let i = 0; i < warmUp; i++) await contend();
		while (measured.runs.length < count) {
			measured.runs.push((await contend()).run);
			onStep(measured);
		}
	} finally {
		// Its networks go with the worker.
		bridge.end();
	}
}
