import { beforeEach, expect, test, vi } from "vitest";
import { causeOf, diedName, isUnforeseen, sentence } from "../sentence.js";

beforeEach(() => {
	vi.spyOn(console, "error").mockImplementation(() => {});
});

const unforeseen: [string, unknown, RegExp][] = [
	["a poisoned device", new Error("The device is poisoned"), /stopped unexpectedly.*reload the page/],
	["a mistake in the page", new TypeError("undefined is no function"), /A part of this page failed. Reload/],
	[
		"a lack of memory",
		new RangeError("Array buffer allocation failed"),
		/too little free memory.*smaller photo/,
	],
	["a trap in the program", new WebAssembly.RuntimeError("unreachable"), /save that photo anew or smaller/],
	["a worker that ended", { name: diedName, message: "gone" }, /ended without a word.*try again/],
	["an error without a message", new Error(), /A part of this page failed/],
];

test.each(unforeseen)("%s is a sentence with a remedy, in no program's words", (_, thrown, expected) => {
	expect(isUnforeseen(causeOf(thrown))).toBe(true);
	expect(sentence(thrown)).toMatch(expected);
	expect(sentence(thrown)).not.toMatch(/poison|undefined|unreachable|allocation|choose CPU/i);
});

test("the GPU's failures say that the CPU works without it", () => {
	for (const thrown of [new Error("GPUDevice was lost"), { name: diedName, message: "" }]) {
		expect(sentence(thrown, "webgpu")).toMatch(/choose CPU under “Run on”/);
	}
});

test("a sentence that was thrown is passed on, with a capital and an end", () => {
	expect(sentence(new Error("the JPEG image is cut short"))).toBe("The JPEG image is cut short.");
	expect(sentence(new Error("Which file?"))).toBe("Which file?");
	expect(isUnforeseen(causeOf(new Error("the JPEG image is cut short")))).toBe(false);
});

test("the console gets the cause of what nobody foresaw", () => {
	const thrown = new TypeError("undefined is no function");
	sentence(thrown);
	expect(console.error).toHaveBeenCalledWith(thrown);
});
