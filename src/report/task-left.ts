/** Something that is left to do, with the commands that do it. Nobody runs them but the reader. */
export interface TaskLeft {
  readonly title: string;
  readonly text: string;
  readonly commands: readonly string[];
}
