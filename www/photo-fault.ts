// Whether an inspection failed by the photo itself, so that it would fail on every device and each time.

/** What is wrong with a file already before the engine sees it. */
export class FileFault extends Error {}

/** The engine names its errors of that kind so. */
const photoError = "PhotoError";

export function isOfPhoto(cause: unknown): boolean {
	return cause instanceof FileFault || (cause instanceof Error && cause.name === photoError);
}
