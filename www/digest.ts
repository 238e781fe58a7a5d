// SHA-256 digests, which show whether a file is the expected one.

/** The digest. Undefined where the page came over plain HTTP: browsers offer digests over HTTPS and on localhost only. */
export async function sha256(bytes: BufferSource): Promise<ArrayBuffer | undefined> {
	if (!isSecureContext) return undefined;
	return crypto.subtle.digest("SHA-256", bytes);
}

/** The digest in the form that `integrity` and the list of shipped files have. */
export function asIntegrity(digest: ArrayBuffer): string {
	return `sha256-${btoa(String.fromCharCode(...new Uint8Array(digest)))}`;
}

export function hexadecimal(digest: ArrayBuffer): string {
	return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
