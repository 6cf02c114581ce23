declare const AKS_MI_VERSION: string;

/** The version of this tool, put in by the build. */
export const VERSION: string = AKS_MI_VERSION;
