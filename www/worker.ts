// The worker that the engine runs in. It takes one request at a time.
import type { Fault, Jobs, Reply, Request, Route, Setting, Stage } from "./contract.js";
import { nothingLoaded } from "./load-times.js";
import { bytesOf, LoadedEngine } from "./loaded-engine.js";
import { pictureOf } from "./picture.js";
import { asSafetensors, beginning, isCheckpoint } from "./pytorch/checkpoint.js";
import { causeOf, isUnforeseen } from "./sentence.js";
import { beat, live } from "./signs-of-life.js";
import { teach, trainMember } from "./teaching/teach.js";
import {
	Contestant,
	contenders,
	decode_alone,
	import_weights,
	model_file,
	sha256_of,
} from "./wasm/cse_web.js";

type Answer = Jobs[keyof Jobs]["answers"];

let stage: Stage = "wasm";
let route: Route = "cpu";
const loaded = new LoadedEngine(enter);
/** The networks that were run last for the comparison, and what they are. */
let contestant: { key: string; networks: Contestant } | undefined;
/** Times of what was loaded since the last answer that told them. */
let load = nothingLoaded();

/** The error of a file that is gone. It may be there again later, as on a stick that was pulled out. */
class Unreadable extends Error {}

/** Name of the engine's errors of the photo itself, which come on every device and each time. */
const photoError = "PhotoError";

function post(reply: Reply, handedOver: Transferable[] = []): void {
	self.postMessage(reply, { transfer: handedOver });
}

/** The large parts of an answer, which the page gets without a copy. */
function largeParts(answer: Answer): Transferable[] {
	if ("pixels" in answer) return [answer.pixels.buffer];
	if ("features" in answer) return [answer.features.buffer, answer.picture.buffer];
	if ("model" in answer) return [answer.model.buffer];
	if ("made" in answer) return [answer.made.buffer];
	if ("inspection" in answer)
		return [answer.picture.pixels.buffer, answer.inspection.map.buffer as ArrayBuffer];
	return [];
}

function enter(next: Stage): void {
	stage = next;
	post({ is: "stage", stage });
}

async function readPhoto(file: Blob): Promise<Uint8Array> {
	return bytesOf(file).catch((cause) => {
		throw new Unreadable(
			"This file cannot be read any more: it was moved, changed or deleted since. Choose it anew, or try again when it is back.",
			{ cause },
		);
	});
}

function prepare(setting: Setting): ReturnType<LoadedEngine["prepare"]> {
	route = setting.route;
	return loaded.prepare(setting, load);
}

async function answer(request: Request): Promise<Answer> {
	await loaded.startProgram(request.program, load);
	switch (request.name) {
		case "describe": {
			// The rest of a checkpoint is read when it is imported.
			if (isCheckpoint(await bytesOf(request.file.slice(0, beginning)))) return { kind: "weights" };
			return model_file(await bytesOf(request.file));
		}
		case "extractor":
			route = request.route;
			return loaded.extractor(route, request.extractor, load);
		case "prepare": {
			const { engine: _, ...prepared } = await prepare(request.setting);
			return prepared;
		}
		case "inspect": {
			const { engine, ...prepared } = await prepare(request.setting);
			enter("inspect");
			const whole = await engine.inspect(await readPhoto(request.photo));
			const { preview, preview_width, preview_height, ...inspection } = whole;
			return { ...prepared, inspection, picture: await pictureOf(preview, preview_width, preview_height) };
		}
		case "preview": {
			const { engine } = await prepare(request.setting);
			enter("inspect");
			const { pixels, width, height } = engine.preview(await readPhoto(request.photo));
			return pictureOf(pixels, width, height);
		}
		case "look": {
			enter("inspect");
			const shown = decode_alone(await readPhoto(request.photo));
			const { thumbnail } = await pictureOf(shown.pixels, shown.width, shown.height);
			return { width: shown.photo_width, height: shown.photo_height, thumbnail };
		}
		case "teach": {
			route = request.route;
			const engine = await loaded.withExtractor(route, request.extractor, load);
			enter("teach");
			return { model: await teach(engine, request.lesson, request.photos, request.port) };
		}
		case "defects": {
			route = request.route;
			const engine = await loaded.withExtractor(route, request.extractor, load);
			enter("teach");
			return engine.draw_defects(request.task);
		}
		case "member": {
			route = request.route;
			const engine = await loaded.withExtractor(route, request.extractor, load);
			enter("teach");
			return { embedder: await trainMember(engine, request.task, request.port) };
		}
		case "contenders":
			return contenders();
		case "contend": {
			route = request.route;
			const device = await loaded.device(route, load);
			enter("contend");
			const key = `${route} ${request.contender}`;
			if (contestant?.key !== key) {
				contestant?.networks.free();
				contestant = undefined;
				contestant = { key, networks: await Contestant.build(route, request.contender) };
			}
			const { networks } = contestant;
			return { device, weight: networks.weight(), run: await networks.run(), load };
		}
		case "weights": {
			const bytes = await bytesOf(request.file);
			const tensors = isCheckpoint(bytes) ? await asSafetensors(bytes) : bytes;
			const made = import_weights(tensors, request.fileName, sha256_of(bytes));
			return { made: made as Uint8Array<ArrayBuffer> };
		}
	}
}

function faultOf(thrown: unknown): Fault {
	if (thrown instanceof Unreadable) return "job";
	if ((stage === "inspect" || stage === "teach") && thrown instanceof Error && thrown.name === photoError)
		return "photo";
	// Unforeseen errors leave the program in an unknown state.
	if (isUnforeseen(causeOf(thrown))) return "worker";
	// A worker opens its GPU once and keeps it: one that failed can only be opened anew in another worker.
	return route === "webgpu" && ["device", "inspect", "teach", "contend"].includes(stage) ? "worker" : "job";
}

function fail(thrown: unknown, fault: Fault): void {
	post({ is: "failure", cause: causeOf(thrown), stage, fault });
}

beat(post);
live(post);

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
		if ("load" in value) load = nothingLoaded();
		post({ is: "answer", value }, largeParts(value));
	} catch (cause) {
		fail(cause, faultOf(cause));
	}
});
