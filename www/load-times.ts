// Load times, added up over several jobs.
import type { LoadTimes } from "./contract.js";

export function nothingLoaded(): LoadTimes {
	return { wasm: 0, device: 0, extractor: 0, category: 0 };
}

export function loadedInAll(before: LoadTimes, after: LoadTimes): LoadTimes {
	return {
		wasm: before.wasm + after.wasm,
		device: before.device + after.device,
		extractor: before.extractor + after.extractor,
		category: before.category + after.category,
	};
}
