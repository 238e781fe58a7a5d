// What the page and its worker say to each other. The engine's own types come from the wasm crate.
import type { Cause } from "./sentence.js";
import type {
	TextureInfo as CategoryInfo,
	ExtractorInfo,
	Milliseconds,
	model_kind,
	Route,
	Inspection as Whole,
} from "./wasm/cse_web.js";

export type { CategoryInfo, ExtractorInfo, Milliseconds, Route };

/** What the engine found out about a photo; its picture goes by itself. */
export type Inspection = Omit<Whole, "preview" | "preview_width" | "preview_height">;

/** The upright photo as the engine decoded it, shrunk where it is large: what is shown is what was judged. */
export interface Picture {
	/** Red, green, blue and alpha, row by row; alpha is 0 where the photo is transparent. */
	pixels: Uint8ClampedArray<ArrayBuffer>;
	width: number;
	height: number;
	/** A small square of it; undefined where this browser cannot make one in a worker. */
	thumbnail: Blob | undefined;
}

/** Where the network was computed. */
export interface DeviceInfo {
	route: Route;
	name: string;
	/** Runs on the processor behind a GPU's interface. */
	software: boolean;
}

/** A model file. The key names it for good, so that a worker knows whether it already holds it. */
export interface ModelFile {
	key: string;
	file: Blob;
}

/** Everything besides the photo that decides a result. */
export interface Setting {
	route: Route;
	extractor: ModelFile;
	category: ModelFile;
}

export type Stage = "wasm" | "device" | "extractor" | "category" | "inspect";

/** Milliseconds for what this job had to load first; 0 for what was there already. */
export type LoadTimes = Record<Exclude<Stage, "inspect">, number>;

export interface Prepared {
	device: DeviceInfo;
	extractor: ExtractorInfo;
	category: CategoryInfo;
	load: LoadTimes;
}

export interface Inspected extends Prepared {
	inspection: Inspection;
	picture: Picture;
}

/** Each kind of job: what it takes and what it answers. Jobs stand alone, so a fresh worker can do any of them. */
export interface Jobs {
	kind: { takes: { file: Blob }; answers: ReturnType<typeof model_kind> };
	extractor: { takes: { route: Route; extractor: ModelFile }; answers: ExtractorInfo };
	prepare: { takes: { setting: Setting }; answers: Prepared };
	inspect: { takes: { setting: Setting; photo: Blob }; answers: Inspected };
	/** Decodes alone, for a photo whose picture was let go. */
	preview: { takes: { setting: Setting; photo: Blob }; answers: Picture };
}

export type JobName = keyof Jobs;

/** Each brings the compiled program, which a worker that has just been started needs first. */
export type Request = {
	[N in JobName]: { name: N; program: WebAssembly.Module } & Jobs[N]["takes"];
}[JobName];

/**
 * Whose a failure is: the photo's own, which fails anywhere and each time; the worker's, which must not be used again;
 * or that of this one job.
 */
export type Fault = "photo" | "worker" | "job";

export type Reply =
	/** It takes requests from now on, and holds the lock that bears its name for as long as it lives. */
	| { is: "alive" }
	/** It computes still. */
	| { is: "beat" }
	| { is: "stage"; stage: Stage }
	| { is: "answer"; value: Jobs[JobName]["answers"] }
	| { is: "failure"; cause: Cause; stage: Stage; fault: Fault };
