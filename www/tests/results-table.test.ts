import { expect, test } from "vitest";
import { asCsv } from "../results-table.js";

function cells(row: Record<string, string | number>): string[] {
	const [head, line] = asCsv([row]).split("\r\n");
	return (line ?? "").split(",").filter((_, i) => (head ?? "").split(",")[i] !== "");
}

test("no cell is a formula for a spreadsheet, and numbers stay numbers", () => {
	for (const photo of ["=1+1.jpg", "+1.jpg", "-1.jpg", "@SUM(A1).jpg", "\tA.jpg"]) {
		expect(cells({ photo })[0]).toBe(`'${photo}`);
	}
	expect(cells({ photo: "plain-1.jpg" })[0]).toBe("plain-1.jpg");
	expect(cells({ photo: "a.jpg", score: -0.5 })).toContain("-0.5");
});

test("separators and quotes inside a cell are quoted as RFC 4180 has it", () => {
	expect(asCsv([{ photo: 'a "b", c\n.jpg' }])).toContain('\r\n"a ""b"", c\n.jpg",');
});

test("lines end with CRLF, the last one too", () => {
	const csv = asCsv([{ photo: "a.jpg" }, { photo: "b.jpg" }]);
	expect(csv.match(/\r\n/g)).toHaveLength(3);
	expect(csv.endsWith("\r\n")).toBe(true);
});
