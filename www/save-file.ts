// Saves a file where the browser keeps downloads.
import { make } from "./elements.js";

export function saveFile(name: string, content: Blob): void {
	const address = URL.createObjectURL(content);
	make("a", { href: address, download: name }).click();
	setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
