// Turns an error into a sentence that a visitor can act on. The cause of an unforeseen one goes to the console.
import type { Route } from "./contract.js";

/** An error in the form that a worker can send. */
export interface Cause {
	name: string;
	message: string;
}

/** Name of the cause where a worker ended or hangs, and nothing was thrown. */
export const diedName = "WorkerDied";

interface Rule {
	matches: (cause: Cause) => boolean;
	says: Record<Route, string>;
}

function onBoth(text: string): Record<Route, string> {
	return { cpu: text, webgpu: text };
}

const stoppedOnGpu =
	"The inspection on the GPU stopped unexpectedly. Try again, or choose CPU under “Run on”, which works without the GPU.";

/** The first rule that matches counts. Where none does, the message is a sentence of this page or of the engine. */
const rules: readonly Rule[] = [
	{
		matches: ({ name }) => name === diedName,
		says: {
			cpu: "The inspection program ended without a word, often because memory ran out. It was started anew: close other tabs or use a smaller photo, then try again.",
			webgpu: stoppedOnGpu,
		},
	},
	{
		matches: ({ name, message }) =>
			name === "QuotaExceededError" || /out of memory|allocation/i.test(message),
		says: onBoth("There is too little free memory. Close other tabs or use a smaller photo, then try again."),
	},
	{
		matches: ({ message }) => /poison|device (was )?(is )?lost|the GPU failed|GPUDevice|wgpu/i.test(message),
		says: {
			cpu: "The inspection program stopped unexpectedly and was started anew. Try again; if it stops each time, reload the page.",
			webgpu: stoppedOnGpu,
		},
	},
	{
		// A trap of WebAssembly, which leaves the program in an unknown state.
		matches: ({ name }) => name === "RuntimeError",
		says: {
			cpu: "The inspection program stopped unexpectedly and was started anew. Try again; where one photo stops it each time, save that photo anew or smaller.",
			webgpu: stoppedOnGpu,
		},
	},
	{
		matches: ({ name, message }) =>
			message.trim() === "" ||
			/^(Type|Reference|Range|Syntax|Eval|Internal|Link|Compile|DataClone)Error$/.test(name),
		says: onBoth("A part of this page failed. Reload the page, then try again."),
	},
];

export function causeOf(thrown: unknown): Cause {
	if (typeof thrown !== "object" || thrown === null) return { name: "", message: String(thrown) };
	const { name, message } = thrown as Partial<Cause>;
	return { name: name ?? "", message: message ?? "" };
}

/** True where the message is no sentence for visitors: nobody foresaw this error. */
export function isUnforeseen(cause: Cause): boolean {
	return rules.some(({ matches }) => matches(cause));
}

export function sentence(thrown: unknown, route: Route = "cpu"): string {
	const cause = causeOf(thrown);
	const rule = rules.find(({ matches }) => matches(cause));
	if (!rule) return asSentence(cause.message);
	console.error(thrown);
	return rule.says[route];
}

function asSentence(message: string): string {
	const text = message.trim();
	const ended = /[.!?]$/.test(text) ? text : `${text}.`;
	return ended.charAt(0).toUpperCase() + ended.slice(1);
}
