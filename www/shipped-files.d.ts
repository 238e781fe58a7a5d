// The list of shipped files, which www/tools/shipped-files.mjs makes when the page is built.
declare module "virtual:shipped-files" {
	/** One file that comes with the page. */
	export interface ShippedFile {
		/** SHA-256 in the form of the attribute of that name: `sha256-` and the digest in base64. */
		integrity: string;
		bytes: number;
		/** Bytes of the compressed forms, by their names in HTTP. */
		encoded: { br?: number; gzip?: number };
	}

	/** The files by path below the page. The program's path is not known yet: its key is "program". Empty during development. */
	const files: Record<string, ShippedFile>;
	export default files;
}
