// The number of workers that compute side by side.

/** Most workers beside the first. Each holds the program and its models: some 200 MB. */
const mostHelpers = 3;

/** Workers that may help a first one. The page itself needs little. */
export function helpersHere(): number {
	const cores = navigator.hardwareConcurrency || 1;
	return Math.min(Math.max(cores - 1, 0), mostHelpers);
}
