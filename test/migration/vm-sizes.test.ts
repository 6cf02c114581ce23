import { expect, test } from "vitest";
import { parseVmSize } from "../../src/migration/vm-sizes.ts";

test.each([
  ["Standard_D8ds_v5", 8, "standardddsv5family"],
  ["Standard_E4-2s_v4", 4, "standardesv4family"],
  ["Standard_NC24ads_A100_v4", 24, "standardncadsa100v4family"],
  ["Standard_B2ms", 2, "standardbmsfamily"],
  ["Standard_DS2_v2", 2, "standarddsv2family"],
  ["Standard_DS3_v2", 4, "standarddsv2family"],
  ["Standard_D14_v2", 16, "standarddv2family"],
  ["Standard_D4_v3", 4, "standarddv3family"],
  ["Standard_A8_v2", 8, "standardav2family"],
])("%s has %i cores and counts towards %s", (name, cores, family) => {
  expect(parseVmSize(name)).toEqual({ cores, family });
});

test.each(["Standard_A4", "Standard_DS99_v2", "Basic_A1", ""])("the name %j does not tell its cores", (name) => {
  expect(parseVmSize(name)).toBeUndefined();
});
