/** What went wrong, as a sentence that can be shown as it is. */
export function sentence(cause: unknown): string {
	const text = (cause instanceof Error ? cause.message : String(cause)).trim();
	if (text === "") return "Something failed without saying why.";
	const ended = /[.!?]$/.test(text) ? text : `${text}.`;
	return ended.charAt(0).toUpperCase() + ended.slice(1);
}
