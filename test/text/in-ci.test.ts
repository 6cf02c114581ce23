import { expect, test } from "vitest";
import { isInCi } from "../../src/text/in-ci.ts";

test.each([
  [{}, false],
  [{ CI: "" }, false],
  [{ CI: "false" }, false],
  [{ CI: "true" }, true],
  [{ CI: "1" }, true],
])("%o: in CI is %s", (env, expected) => {
  expect(isInCi(env)).toBe(expected);
});
