// A job that failed inside the worker.
import type { Fault, Route, Stage } from "./contract.js";
import { type Cause, diedName, sentence } from "./sentence.js";

/** Holds the stage that the job had reached. The message is a sentence for visitors. */
export class JobFailure extends Error {
	readonly stage: Stage;
	readonly fault: Fault;
	/** The worker ended or hung. It may have gone further than the last stage that it reported. */
	readonly died: boolean;

	constructor(thrown: Cause, route: Route, stage: Stage, fault: Fault) {
		super(sentence(thrown, route));
		this.name = "JobFailure";
		this.stage = stage;
		this.fault = fault;
		this.died = thrown.name === diedName;
	}
}
