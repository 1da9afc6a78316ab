import { expect, it } from "vitest";
import { countsPerNamespace } from "./prepare-limits.ts";

it("countsPerNamespace() knows kernels from 5.14 on", () => {
  for (const release of ["5.14.0", "5.15.0-91-generic", "6.1.0-18-amd64", "10.0"])
    expect(countsPerNamespace(release)).toBe(true);
  for (const release of ["5.13.19", "5.4.0-42", "4.19.0", "3.10.0-1160", ""])
    expect(countsPerNamespace(release)).toBe(false);
});
