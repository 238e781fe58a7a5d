// The one place where the engine runs. It takes one request at a time and never touches the page.
import type {
	CategoryInfo,
	DeviceInfo,
	ExtractorInfo,
	Fault,
	Jobs,
	LoadTimes,
	ModelFile,
	Prepared,
	Reply,
	Request,
	Route,
	Setting,
	Stage,
} from "./contract.js";
import { nothingLoaded } from "./load-times.js";
import { pictureOf } from "./picture.js";
import { findGpu } from "./routes.js";
import { causeOf, isUnforeseen } from "./sentence.js";
import init, { Engine, model_kind } from "./wasm/cse_web.js";

interface Started {
	engine: Engine;
	device: DeviceInfo;
}

interface Held<Info> {
	key: string;
	info: Info;
}

let programReady = false;
let started: Started | undefined;
let extractor: Held<ExtractorInfo> | undefined;
let category: Held<CategoryInfo> | undefined;
let stage: Stage = "wasm";
let route: Route = "cpu";

/** A file that is gone may be there again, as on a stick that was pulled out. */
class Unreadable extends Error {}

/** What the engine calls an error of the photo itself, which would come on every device and each time. */
const photoError = "PhotoError";

function post(reply: Reply, handedOver: Transferable[] = []): void {
	self.postMessage(reply, { transfer: handedOver });
}

/** What is large goes over without a copy. */
function largeParts(answer: Jobs[keyof Jobs]["answers"]): Transferable[] {
	if (typeof answer !== "object") return [];
	if ("pixels" in answer) return [answer.pixels.buffer];
	if ("inspection" in answer)
		return [answer.picture.pixels.buffer, answer.inspection.map.buffer as ArrayBuffer];
	return [];
}

function enter(next: Stage): void {
	stage = next;
	post({ is: "stage", stage });
}

async function timed<T>(load: LoadTimes, name: keyof LoadTimes, work: () => Promise<T>): Promise<T> {
	enter(name);
	const start = performance.now();
	const made = await work();
	load[name] = performance.now() - start;
	return made;
}

async function bytesOf(file: Blob): Promise<Uint8Array> {
	return new Uint8Array(await file.arrayBuffer());
}

async function readPhoto(file: Blob): Promise<Uint8Array> {
	return bytesOf(file).catch((cause) => {
		throw new Unreadable(
			"This file cannot be read any more: it was moved, changed or deleted since. Choose it anew, or try again when it is back.",
			{ cause },
		);
	});
}

async function startProgram(program: WebAssembly.Module, load: LoadTimes): Promise<void> {
	if (programReady) return;
	await timed(load, "wasm", () => init({ module_or_path: program }));
	programReady = true;
}

/** Asked for here too, since some software adapters own up only once a device was made. */
async function describe(route: Route): Promise<DeviceInfo> {
	if (route === "cpu") return { route, name: "CPU (wasm SIMD, one thread)", software: false };
	const { name, software } = await findGpu();
	return { route, name, software };
}

async function startEngine(wanted: Route, load: LoadTimes): Promise<Started> {
	route = wanted;
	if (started?.device.route === wanted) return started;
	started?.engine.free();
	started = undefined;
	extractor = undefined;
	category = undefined;
	started = await timed(load, "device", async () => {
		const engine = await Engine.create(wanted);
		return { engine, device: await describe(wanted) };
	});
	return started;
}

async function holdExtractor(on: Engine, model: ModelFile, load: LoadTimes): Promise<ExtractorInfo> {
	if (extractor?.key === model.key) return extractor.info;
	extractor = undefined;
	category = undefined;
	const info = await timed(load, "extractor", async () => on.load_extractor(await bytesOf(model.file)));
	extractor = { key: model.key, info };
	return info;
}

async function holdCategory(on: Engine, model: ModelFile, load: LoadTimes): Promise<CategoryInfo> {
	if (category?.key === model.key) return category.info;
	category = undefined;
	const info = await timed(load, "category", async () => on.load_texture(await bytesOf(model.file)));
	category = { key: model.key, info };
	return info;
}

async function prepare(setting: Setting, load: LoadTimes): Promise<Prepared & { engine: Engine }> {
	const { engine, device } = await startEngine(setting.route, load);
	const extractor = await holdExtractor(engine, setting.extractor, load);
	const category = await holdCategory(engine, setting.category, load);
	return { engine, device, extractor, category, load };
}

async function answer(request: Request): Promise<Jobs[keyof Jobs]["answers"]> {
	const load = nothingLoaded();
	await startProgram(request.program, load);
	switch (request.name) {
		case "kind": {
			return model_kind(await bytesOf(request.file));
		}
		case "extractor": {
			const { engine } = await startEngine(request.route, load);
			return holdExtractor(engine, request.extractor, load);
		}
		case "prepare": {
			const { engine: _, ...prepared } = await prepare(request.setting, load);
			return prepared;
		}
		case "inspect": {
			const { engine, ...prepared } = await prepare(request.setting, load);
			enter("inspect");
			const whole = await engine.inspect(await readPhoto(request.photo));
			const { preview, preview_width, preview_height, ...inspection } = whole;
			return { ...prepared, inspection, picture: await pictureOf(preview, preview_width, preview_height) };
		}
		case "preview": {
			const { engine } = await prepare(request.setting, load);
			enter("inspect");
			const { pixels, width, height } = engine.preview(await readPhoto(request.photo));
			return pictureOf(pixels, width, height);
		}
	}
}

function faultOf(thrown: unknown): Fault {
	if (thrown instanceof Unreadable) return "job";
	if (stage === "inspect" && thrown instanceof Error && thrown.name === photoError) return "photo";
	// What nobody foresaw leaves the program in an unknown state.
	if (isUnforeseen(causeOf(thrown))) return "worker";
	// A worker opens its GPU once and keeps it: one that failed can only be opened anew in another worker.
	return route === "webgpu" && (stage === "device" || stage === "inspect") ? "worker" : "job";
}

function fail(thrown: unknown, fault: Fault): void {
	post({ is: "failure", cause: causeOf(thrown), stage, fault });
}

/** Milliseconds between signs of life. */
const beatPause = 1000;
let lastBeat = 0;

// The engine reads the clock between its steps, also while it computes without pause and no timer can run.
const now = performance.now.bind(performance);
performance.now = () => {
	const time = now();
	if (time - lastBeat > beatPause) {
		lastBeat = time;
		post({ is: "beat" });
	}
	return time;
};

function live(): Promise<never> {
	post({ is: "alive" });
	return new Promise(() => {});
}

// The browser releases it whatever ends this worker, which nothing else tells of. It is there over HTTPS and on localhost.
if (navigator.locks) void navigator.locks.request(self.name, live);
else void live();

// A trap inside an asynchronous call surfaces here, and its promise never settles.
self.addEventListener("unhandledrejection", (event) => fail(event.reason, "worker"));
self.addEventListener("error", (event) => {
	event.preventDefault();
	fail(event.error ?? event.message, "worker");
});

self.addEventListener("message", async (event: MessageEvent<Request>) => {
	stage = "wasm";
	try {
		const value = await answer(event.data);
		post({ is: "answer", value }, largeParts(value));
	} catch (cause) {
		fail(cause, faultOf(cause));
	}
});
