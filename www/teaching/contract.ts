// Messages between the page and the workers that teach, over channels of their own.
import type { DefectTask, MemberTask, TeachingNews } from "../wasm/cse_web.js";

export type { DefectTask, MemberTask, TeachingNews };

/** A picture of a synthetic defect, RGBA. */
export interface DefectPicture {
	pixels: Uint8ClampedArray<ArrayBuffer>;
	width: number;
	height: number;
}

/** Work that a helper can do: defects to draw and extract, or an embedder to train. */
export type Task = { is: "defects"; task: DefectTask } | { is: "member"; task: MemberTask };

/** Features of defects, or a trained embedder as text. */
export type TaskResult = Uint8Array<ArrayBuffer> | string;

export type FromTeacher =
	| { is: "news"; news: TeachingNews }
	/** A model that can be used from now on. */
	| { is: "model"; model: Uint8Array<ArrayBuffer> }
	| { is: "picture"; picture: DefectPicture }
	/** There is work for helpers. */
	| { is: "tasks" }
	| { is: "task"; number: number; task: Task };

export type ToTeacher =
	/** A helper is free. */
	| { is: "free" }
	| { is: "done"; number: number; result: TaskResult }
	/** A helper could not do its task. */
	| { is: "returned"; number: number }
	| { is: "pause" }
	| { is: "go on" };
