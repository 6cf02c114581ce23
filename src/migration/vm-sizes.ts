/** What a size of virtual machines takes from a region's quota. */
export interface VmSize {
  readonly cores: number;
  /** The quota of its family as Azure names it, in lower case: `standardddsv5family`. */
  readonly family: string;
}

/** In the D series up to version 2 the number is not that of the cores (Azure documentation of previous size series). */
const CORES_OF_OLD_D: Readonly<Record<string, number>> = {
  1: 1,
  2: 2,
  3: 4,
  4: 8,
  5: 16,
  11: 2,
  12: 4,
  13: 8,
  14: 16,
  15: 20,
};

/**
 * Takes the name of a size apart: `Standard_D8ds_v5`, `Standard_E4-2s_v4`, `Standard_NC24ads_A100_v4`.
 * @returns undefined where the name does not tell how many cores it has
 */
export function parseVmSize(name: string): VmSize | undefined {
  const match = /^Standard_([A-Z]+)(\d+)(?:-\d+)?([a-z]*)(?:_([A-Za-z]+\d*))??(?:_(v\d+))?$/.exec(name);
  if (!match) return undefined;
  const [, letters, number, extras, accelerator = "", version = ""] = match as unknown as string[];
  const cores = coresOf(letters!, number!, version);
  if (cores === undefined) return undefined;
  return { cores, family: `standard${letters}${extras}${accelerator}${version}family`.toLowerCase() };
}

function coresOf(letters: string, number: string, version: string): number | undefined {
  const isOld = version === "" || version === "v2";
  if (isOld && /^DS?$/.test(letters)) return CORES_OF_OLD_D[number];
  if (version === "" && /^[AG]S?$/.test(letters)) return undefined;
  return Number(number);
}
