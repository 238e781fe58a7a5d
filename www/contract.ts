// Messages between the page and its worker. The engine's types come from the wasm crate.
import type { Cause } from "./sentence.js";
import type {
	CategoryInfo,
	ContenderInfo,
	ContenderRun,
	Contenders,
	ContenderWeight,
	DefectTask,
	DrawnDefects,
	ExtractorInfo,
	Lesson,
	MemberTask,
	Milliseconds,
	ModelFile as ModelDescription,
	Route,
	Unlikeness,
	Inspection as Whole,
} from "./wasm/cse_web.js";

export type {
	CategoryInfo,
	ContenderInfo,
	ContenderRun,
	Contenders,
	ContenderWeight,
	DefectTask,
	DrawnDefects,
	ExtractorInfo,
	Lesson,
	Milliseconds,
	ModelDescription,
	Route,
	Unlikeness,
};

/** The engine's results for a photo, without its picture. */
export type Inspection = Omit<Whole, "preview" | "preview_width" | "preview_height">;

/** The upright photo as the engine decoded it, shrunk where it is large. The page shows the pixels that were judged. */
export interface Picture {
	/** Red, green, blue and alpha, row by row; alpha is 0 where the photo is transparent. */
	pixels: Uint8ClampedArray<ArrayBuffer>;
	width: number;
	height: number;
	/** A small square of the photo. Undefined where this browser cannot make one in a worker. */
	thumbnail: Blob | undefined;
}

/** The device that the network was computed on. */
export interface DeviceInfo {
	route: Route;
	name: string;
	/** True for an adapter that offers a GPU's interface and computes on the processor. */
	software: boolean;
}

/** A model file. No other file gets the same key, so a worker knows whether it holds this one already. */
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

export type Stage = "wasm" | "device" | "extractor" | "category" | "inspect" | "teach" | "contend";

/** Milliseconds that this job spent on loading, by stage. A stage that was loaded before has 0. */
export type LoadTimes = Record<Exclude<Stage, "inspect" | "teach" | "contend">, number>;

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

/** A photo that was decoded, without its pixels. */
export interface Looked {
	/** Width of the upright photo, pixels. */
	width: number;
	/** Height of the upright photo, pixels. */
	height: number;
	/** A small square of the photo. Undefined where this browser cannot make one in a worker. */
	thumbnail: Blob | undefined;
}

/** A row of the comparison, run on one photo. */
export interface Contended {
	device: DeviceInfo;
	weight: ContenderWeight;
	run: ContenderRun;
	load: LoadTimes;
}

/** The kinds of jobs, with what each takes and answers. A job needs none before it, so a fresh worker can do any. */
export interface Jobs {
	/** Reads the description of a model file. */
	describe: { takes: { file: Blob }; answers: ModelDescription };
	extractor: { takes: { route: Route; extractor: ModelFile }; answers: ExtractorInfo };
	prepare: { takes: { setting: Setting }; answers: Prepared };
	inspect: { takes: { setting: Setting; photo: Blob }; answers: Inspected };
	/** Only decodes a photo, whose picture was let go. */
	preview: { takes: { setting: Setting; photo: Blob }; answers: Picture };
	/** Decodes a photo that belongs to no model yet. */
	look: { takes: { photo: Blob }; answers: Looked };
	/** Trains a model on good photos. Progress and tasks for helpers go over the port. */
	teach: {
		takes: { route: Route; extractor: ModelFile; lesson: Lesson; photos: File[]; port: MessagePort };
		answers: { model: Uint8Array<ArrayBuffer> };
	};
	/** Helps with a teaching: draws and extracts synthetic defects. */
	defects: { takes: { route: Route; extractor: ModelFile; task: DefectTask }; answers: DrawnDefects };
	/** Helps with a teaching: trains an embedder. Progress goes over the port. */
	member: {
		takes: { route: Route; extractor: ModelFile; task: MemberTask; port: MessagePort };
		answers: { embedder: string };
	};
	/** The rows of the comparison of methods. */
	contenders: { takes: Record<never, never>; answers: Contenders };
	/** Runs a row of the comparison on one photo. The worker keeps its networks for the next one. */
	contend: { takes: { route: Route; contender: string }; answers: Contended };
	/** Makes an extractor file of published weights. */
	weights: { takes: { file: Blob; fileName: string }; answers: { made: Uint8Array<ArrayBuffer> } };
}

export type JobName = keyof Jobs;

/** A job for the worker. It brings the compiled program, which a fresh worker needs first. */
export type Request = {
	[N in JobName]: { name: N; program: WebAssembly.Module } & Jobs[N]["takes"];
}[JobName];

/**
 * The part that is to blame for a failure. A faulty photo fails on every device and each time. A faulty worker must not be
 * used again. A faulty job may succeed when it is tried again.
 */
export type Fault = "photo" | "worker" | "job";

export type Reply =
	/** The worker takes requests from now on. It holds the lock with its name for as long as it lives. */
	| { is: "alive" }
	/** The worker is still computing. */
	| { is: "beat" }
	| { is: "stage"; stage: Stage }
	| { is: "answer"; value: Jobs[JobName]["answers"] }
	| { is: "failure"; cause: Cause; stage: Stage; fault: Fault };
