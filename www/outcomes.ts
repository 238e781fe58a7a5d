// The outcome of each photo with each model and on each route. Photos that were inspected last keep whole maps.

import { type AnomalyMap, coarse } from "./anomaly-map.js";
import type { DeviceInfo, Inspected, Inspection, LoadTimes } from "./contract.js";
import { loadedInAll } from "./load-times.js";
import type { Photo } from "./photos.js";

export interface Result {
	inspection: Omit<Inspection, "map" | "map_width" | "map_height">;
	/** The anomaly map. It becomes coarse once other photos need the room. */
	map: AnomalyMap;
	device: DeviceInfo;
	load: LoadTimes;
}

/** A result or an error. An error `ofPhoto` lasts. Any other may have passed when the photo is tried again. */
export type Outcome = { result: Result } | { error: string; ofPhoto: boolean };

/** The result in an outcome, where it has one. */
export function resultIn(outcome: Outcome | undefined): Result | undefined {
	return outcome && "result" in outcome ? outcome.result : undefined;
}

export function resultOf({ inspection, device, load }: Inspected, loadedBefore: LoadTimes): Result {
	const { map: values, map_width: width, map_height: height, ...rest } = inspection;
	// A worker that began with this photo has loaded everything anew. Earlier loads went with the worker before it.
	const loaded = load.wasm > 0 ? load : loadedInAll(loadedBefore, load);
	return { inspection: rest, map: { values, width, height }, device, load: loaded };
}

export class Outcomes {
	#refused = new Map<Photo, Outcome>();
	#tried = new Map<Photo, Map<string, Outcome>>();
	/** The results that hold their whole map, oldest first. */
	#whole = new Set<Result>();
	#bytes = 0;
	readonly #mostBytes: number;

	/** A map mostly has up to 1 MB, so whole maps of some hundreds of photos are kept. Older photos keep a coarse map. */
	constructor(mostBytes = 256e6) {
		this.#mostBytes = mostBytes;
	}

	/** `under` names the model and the route. */
	get(photo: Photo, under: string): Outcome | undefined {
		const known = this.#tried.get(photo)?.get(under);
		return known && "result" in known ? known : (this.#refused.get(photo) ?? known);
	}

	keep(photo: Photo, under: string, result: Result): void {
		this.#letGo(this.#tried.get(photo)?.get(under));
		this.#set(photo, under, { result });
		this.#whole.add(result);
		this.#bytes += result.map.values.byteLength;
		for (const oldest of this.#whole) {
			if (this.#bytes <= this.#mostBytes) return;
			this.#letGo({ result: oldest });
			oldest.map = coarse(oldest.map);
		}
	}

	/** Keeps the photo's own error, which comes with every model. A known score stays. */
	refuse(photo: Photo, error: string): void {
		this.#refused.set(photo, { error, ofPhoto: true });
	}

	/** Keeps an error that may pass. A known score stays. */
	fail(photo: Photo, under: string, error: string): void {
		const known = this.#tried.get(photo)?.get(under);
		if (!known || "error" in known) this.#set(photo, under, { error, ofPhoto: false });
	}

	/** Forgets the errors that may have passed. */
	tryAgain(photo: Photo): void {
		const tried = this.#tried.get(photo);
		for (const [under, outcome] of tried ?? []) if ("error" in outcome) tried?.delete(under);
	}

	forget(photo: Photo): void {
		for (const outcome of this.#tried.get(photo)?.values() ?? []) this.#letGo(outcome);
		this.#tried.delete(photo);
		this.#refused.delete(photo);
	}

	#set(photo: Photo, under: string, outcome: Outcome): void {
		const tried = this.#tried.get(photo) ?? new Map<string, Outcome>();
		tried.set(under, outcome);
		this.#tried.set(photo, tried);
	}

	#letGo(outcome: Outcome | undefined): void {
		if (!outcome || "error" in outcome || !this.#whole.delete(outcome.result)) return;
		this.#bytes -= outcome.result.map.values.byteLength;
	}
}
