import { expect, it } from "vitest";
import { chooseProcessors } from "./choose-processors.ts";

it("chooseProcessors() takes as many as the limit of those that we may use", () => {
  const chosen = chooseProcessors("Cpus_allowed_list:\t0-3,8\n", "slug", 2.5);
  expect(chosen).toMatchObject({ count: 2, available: 5 });
  expect(new Set(chosen?.list.split(",")).size).toBe(2);
  for (const cpu of chosen?.list.split(",") ?? []) expect(["0", "1", "2", "3", "8"]).toContain(cpu);
});

it("chooseProcessors() pins nothing where all are allowed, and at least one", () => {
  expect(chooseProcessors("Cpus_allowed_list:\t0-1\n", "slug", 2)).toBeUndefined();
  expect(chooseProcessors("Cpus_allowed_list:\t0-1\n", "slug", 0.5)).toMatchObject({ count: 1 });
  expect(chooseProcessors("", "slug", 2)).toBeUndefined();
});
