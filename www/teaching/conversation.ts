// A worker's end of a channel to the page: tells news, and pauses where the visitor asks.
import type { NewsHost, TeachingNews } from "../wasm/cse_web.js";
import type { FromTeacher, ToTeacher } from "./contract.js";

/** Milliseconds between two moments at which the worker hears messages. */
const hearingPause = 100;
/** Milliseconds between two signs of life while the engine waits for helpers or the visitor. */
const pulsePause = 1000;

export class Conversation implements NewsHost {
	readonly #port: MessagePort;
	readonly #hear = new MessageChannel();
	/** Resolves at the end of a pause. Undefined where there is none. */
	#pause: { end: Promise<void>; goOn: () => void } | undefined;
	#heard = performance.now();
	readonly #pulse: ReturnType<typeof setInterval>;

	constructor(port: MessagePort) {
		this.#port = port;
		port.onmessage = ({ data }: MessageEvent<ToTeacher>) => this.take(data);
		// The page takes a worker without signs of life for hung.
		this.#pulse = setInterval(() => performance.now(), pulsePause);
	}

	get paused(): boolean {
		return this.#pause !== undefined;
	}

	end(): void {
		clearInterval(this.#pulse);
		this.#port.close();
		this.#hear.port1.close();
	}

	async tell(news: TeachingNews): Promise<void> {
		this.say({ is: "news", news });
		await this.listen();
	}

	say(message: FromTeacher, handedOver: Transferable[] = []): void {
		this.#port.postMessage(message, handedOver);
	}

	protected take(message: ToTeacher): void {
		if (message.is === "pause") this.#pause ??= paused();
		if (message.is !== "go on") return;
		this.#pause?.goOn();
		this.#pause = undefined;
	}

	/** Hears the messages that wait, at most every tenth of a second, and stays for as long as the visitor pauses. */
	protected async listen(now = false): Promise<void> {
		const time = performance.now();
		if (!now && time - this.#heard < hearingPause) return;
		await this.#turn();
		while (this.#pause) await this.#pause.end;
		this.#heard = performance.now();
	}

	/** One turn of the event loop. A timer would wait longer. */
	#turn(): Promise<void> {
		return new Promise((resolve) => {
			this.#hear.port1.onmessage = () => resolve();
			this.#hear.port2.postMessage(undefined);
		});
	}
}

function paused(): { end: Promise<void>; goOn: () => void } {
	let goOn = () => {};
	const end = new Promise<void>((resolve) => {
		goOn = resolve;
	});
	return { end, goOn };
}
