// What was measured so far, in the order of the rows, and what it was measured on.
import shipped from "virtual:shipped-files";
import type { ContenderInfo, Route } from "../contract.js";
import { routeNames } from "../routes.js";
import type { Measured } from "./measurement.js";
import type { OnnxTimes } from "./onnx-runtime.js";

/** A route's result: figures, or a sentence on why there are none. */
export type Result = Measured | string;

/** True for a result with a photo that counts. */
export function isTimed(result: Result | undefined): result is Measured {
	return typeof result === "object" && result.runs.length > 0;
}

export function titleOf({ method, backbone }: ContenderInfo): string {
	return `${method}, ${backbone}`;
}

/** A row of the comparison with what is known of it. */
export interface Row {
	contender: ContenderInfo;
	/** In the order in which they were measured. */
	results: [Route, Result][];
	/** Its backbone in ONNX Runtime Web. */
	onnx?: OnnxTimes | undefined;
}

export class Results {
	readonly #all = new Map<string, Map<Route, Result>>();
	/** By backbone. */
	readonly #onnx = new Map<string, OnnxTimes>();

	/** Keeps the photos that were measured before something failed. */
	fail(contender: ContenderInfo, route: Route, problem: string): void {
		const before = this.#all.get(contender.id)?.get(route);
		this.set(contender, route, isTimed(before) ? { ...before, problem } : problem);
	}

	set({ id }: ContenderInfo, route: Route, result: Result): void {
		const row = this.#all.get(id) ?? new Map<Route, Result>();
		this.#all.set(id, row.set(route, result));
	}

	setOnnx(backbone: string, times: OnnxTimes): void {
		this.#onnx.set(backbone, times);
	}

	dropOnnx(backbone: string): void {
		this.#onnx.delete(backbone);
	}

	clear(): void {
		this.#all.clear();
		this.#onnx.clear();
	}

	rows(contenders: readonly ContenderInfo[]): Row[] {
		return contenders.map((contender) => ({
			contender,
			results: [...(this.#all.get(contender.id) ?? [])],
			onnx: this.#onnx.get(contender.backbone),
		}));
	}
}

/** What the figures were measured on, each with its name. */
export type Environment = [name: string, value: string][];

/** The word on a route, with the name of its GPU. */
export function deviceWord(route: Route, result: Result): string {
	if (typeof result === "string" || route === "cpu") return routeNames[route];
	const { name, software } = result.device;
	return `${routeNames[route]}, ${name}${software ? ", software" : ""}`;
}

/** Browser and system by the newer interface, which says both in plain words, or else by the long old text. */
function browserAndSystem(): Environment {
	const { userAgentData } = navigator as Navigator & {
		userAgentData?: { brands: { brand: string; version: string }[]; platform: string };
	};
	if (!userAgentData) return [["browser and system", navigator.userAgent]];
	const real = userAgentData.brands.filter(({ brand }) => !/not.?a.?brand/i.test(brand));
	return [
		["browser", real.map(({ brand, version }) => `${brand} ${version}`).join(", ")],
		["system", userAgentData.platform],
	];
}

/** The first digits of the program's SHA-256, in base64. */
const program = shipped.program?.integrity.slice(7, 15) ?? "built for development";

export function environment(rows: readonly Row[], gpuName: string, date: string): Environment {
	const onnx = rows.find((row) => row.onnx)?.onnx;
	return [
		...browserAndSystem(),
		["processor threads", `${navigator.hardwareConcurrency || "not told"}, of which the CPU route uses 1`],
		["GPU", gpuName || "none"],
		["date", date],
		["input", "one window of 224 x 224 pixels"],
		["weights", "made up"],
		["program, first digits of its SHA-256", program],
		...(onnx ? [["ONNX Runtime Web", `${onnx.version}, CPU, one thread`] as [string, string]] : []),
	];
}
