// The inspection program: WebAssembly, compiled while it arrives and held for every worker that is started.
import { fetchWhole } from "./fetching.js";
import { SharedWork } from "./shared-work.js";
import url from "./wasm/cse_web_bg.wasm?url";

// A module with one SIMD instruction. It validates only where the browser has SIMD.
const simdProbe = new Uint8Array([
	0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98,
	11,
]);

function requireWasm(): void {
	if (typeof WebAssembly !== "object") {
		throw new Error("This browser cannot run WebAssembly, which the inspection needs. A newer browser can.");
	}
	if (!WebAssembly.validate(simdProbe)) {
		throw new Error(
			"This browser’s WebAssembly has no SIMD, which the inspection needs. A newer browser has it.",
		);
	}
}

async function compile(signal: AbortSignal): Promise<WebAssembly.Module> {
	requireWasm();
	let compiled: Promise<WebAssembly.Module> | undefined;
	await fetchWhole({ key: "program", url, name: "the program" }, signal, (body) => {
		const response = new Response(body, { headers: { "content-type": "application/wasm" } });
		compiled = WebAssembly.compileStreaming(response);
		// A damaged file fails here too. `fetchWhole` says so in its own words, by the digest.
		compiled.catch(() => {});
	});
	try {
		return await (compiled as unknown as Promise<WebAssembly.Module>);
	} catch (cause) {
		throw new Error(
			"This browser could not prepare the inspection program. Close other tabs, then choose “Try again”.",
			{ cause },
		);
	}
}

const program = new SharedWork(compile);

export function fetchProgram(signal?: AbortSignal): Promise<WebAssembly.Module> {
	return program.result(signal);
}
