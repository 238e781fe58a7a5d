// Downloads that run at the same time, told of as one.
import type { OnBytes } from "./catalogue.js";

export interface Download {
	what: string;
	received: number;
	/** Zero where it is not known. */
	total: number;
}

/** A listener for each download by its name; `onBytes` hears of those that have begun, added up. */
export function addedUp(onBytes: (download: Download) => void): (what: string) => OnBytes {
	const begun = new Map<string, { received: number; total: number }>();
	return (what) => (received, total) => {
		begun.set(what, { received, total });
		const all = [...begun.values()];
		onBytes({
			what: [...begun.keys()].join(" and the "),
			received: all.reduce((sum, one) => sum + one.received, 0),
			total: all.every((one) => one.total > 0) ? all.reduce((sum, one) => sum + one.total, 0) : 0,
		});
	};
}
