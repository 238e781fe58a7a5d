// Made by www/tools/shipped-files.mjs when the page is built.
declare module "virtual:shipped-files" {
	/** One file that comes with the page. */
	export interface ShippedFile {
		/** SHA-256 as browsers take it: `sha256-` and the digest in base64. */
		integrity: string;
		bytes: number;
		/** Bytes of its compressed forms, by their names in HTTP. */
		encoded: { br?: number; gzip?: number };
	}

	/** By path below the page; the program, whose path is found out later, is "program". Empty during development. */
	const files: Record<string, ShippedFile>;
	export default files;
}
