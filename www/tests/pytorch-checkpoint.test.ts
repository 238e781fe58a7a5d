import { expect, test } from "vitest";
import checkpoint from "../../tests/reference/checkpoint.pth?url&inline";
import before16 from "../../tests/reference/checkpoint_before_1.6.pth?url&inline";
import protocol4 from "../../tests/reference/checkpoint_protocol_4.pth?url&inline";
import { asSafetensors, isCheckpoint } from "../pytorch/checkpoint.js";

const bytesOf = async (url: string) => new Uint8Array(await (await fetch(url)).arrayBuffer());

/** Shape, format and 16-bit or 32-bit words of each tensor of a safetensors file. */
function tensorsOf(file: Uint8Array<ArrayBuffer>) {
	const length = Number(new DataView(file.buffer).getBigUint64(0, true));
	const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length)));
	return new Map(
		Object.entries<{ dtype: string; shape: number[]; data_offsets: [number, number] }>(header).map(
			([name, { dtype, shape, data_offsets }]) => {
				const bytes = file.slice(8 + length + data_offsets[0], 8 + length + data_offsets[1]);
				const numbers = dtype === "F32" ? new Float32Array(bytes.buffer) : new Uint16Array(bytes.buffer);
				return [name, { dtype, shape, numbers: [...numbers] }];
			},
		),
	);
}

// tests/reference/checkpoints.py wrote them with PyTorch.
for (const [name, url] of Object.entries({
	"checkpoint.pth": checkpoint,
	"checkpoint_before_1.6.pth": before16,
	"checkpoint_protocol_4.pth": protocol4,
})) {
	test(`${name} of PyTorch has the numbers that were saved`, async () => {
		const file = await bytesOf(url);
		expect(isCheckpoint(file)).toBe(true);
		const counted = Array.from({ length: 12 }, (_, index) => index);
		const f32 = (shape: number[], numbers: number[]) => ({ dtype: "F32", shape, numbers });
		const whole: [string, unknown][] = [
			["whole.conv.0.weight", f32([2, 1, 1, 1], [3, 4])],
			["whole.conv.0.bias", f32([2], [5, 6])],
		];
		expect(tensorsOf(await asSafetensors(file))).toEqual(
			new Map<string, unknown>([
				["state_dict.weight", f32([2, 3, 2], counted)],
				["state_dict.turned", f32([3, 4], [0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11])],
				["state_dict.tail", f32([4], [8, 9, 10, 11])],
				["state_dict.half", { dtype: "F16", shape: [2], numbers: [0x3800, 0xc000] }],
				["state_dict.brain", { dtype: "BF16", shape: [2], numbers: [0x3fc0, 0x4040] }],
				["state_dict.double", f32([2], [0.25, 8])],
				["state_dict.with_state", f32([2], [0, 1])],
				...(name === "checkpoint.pth" ? whole : []),
			]),
		);
	});

	test(`${name} with a changed byte, or cut short, is read or refused with a sentence`, async () => {
		const whole = await bytesOf(url);
		let [tried, refused] = [0, 0];
		for (let at = 0; at < whole.length; at += 17) {
			const cut = whole.slice(0, at);
			const changed = whole.slice();
			changed[at] = (changed[at] ?? 0) ^ 0x15;
			for (const bytes of [cut, changed]) {
				tried++;
				await asSafetensors(bytes).catch((error) => {
					expect(error.message).toMatch(
						/^(this PyTorch checkpoint cannot be read|its numbers|it holds more)/,
					);
					refused++;
				});
			}
		}
		expect(refused).toBeGreaterThan(tried / 2);
	});
}

test("a changed number in a zip is noticed", async () => {
	const file = await bytesOf(checkpoint);
	const eleven = [0, 0, 0x30, 0x41];
	const at = file.findIndex((_, index) => eleven.every((byte, place) => file[index + place] === byte));
	file[at + 2] = 0x31;
	await expect(asSafetensors(file)).rejects.toThrow("Invalid CRC32");
});

test("other files are no checkpoints", () => {
	// The last two are lengths of headers of safetensors files.
	for (const text of ["", "x", "<html>", "PK\0\0\0\0\0\0{", "\x80\0\x8a\0\0\0\0\0{"])
		expect(isCheckpoint(Uint8Array.from(text, (letter) => letter.charCodeAt(0)))).toBe(false);
});
