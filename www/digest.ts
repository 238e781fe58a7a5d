// SHA-256, which tells whether a file is the one that is meant.

/** Undefined where the page did not come over HTTPS or from localhost: browsers offer digests nowhere else. */
export async function sha256(bytes: BufferSource): Promise<ArrayBuffer | undefined> {
	if (!isSecureContext) return undefined;
	return crypto.subtle.digest("SHA-256", bytes);
}

/** The digest as browsers take it for `integrity`, and as the list of shipped files holds it. */
export function asIntegrity(digest: ArrayBuffer): string {
	return `sha256-${btoa(String.fromCharCode(...new Uint8Array(digest)))}`;
}

export function hexadecimal(digest: ArrayBuffer): string {
	return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
