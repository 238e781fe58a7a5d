// Messages between a worker that teaches and the page, over a channel of their own.
import type { DefectTask, TeachingNews } from "../wasm/cse_web.js";

export type { DefectTask, TeachingNews };

/** A picture of a synthetic defect, RGBA. */
export interface DefectPicture {
	pixels: Uint8ClampedArray<ArrayBuffer>;
	width: number;
	height: number;
}

export type FromTeacher =
	| { is: "news"; news: TeachingNews }
	/** A model that can be used from now on. */
	| { is: "model"; model: Uint8Array<ArrayBuffer> }
	| { is: "picture"; picture: DefectPicture }
	/** There is work for helpers. */
	| { is: "tasks" }
	| { is: "task"; number: number; task: DefectTask };

export type ToTeacher =
	/** A helper is free. */
	| { is: "free" }
	| { is: "done"; number: number; features: Uint8Array<ArrayBuffer> }
	/** A helper could not do its task. */
	| { is: "returned"; number: number }
	| { is: "pause" }
	| { is: "go on" };
