/** The files of the repository, as the rules see them. Paths are relative to the root. */
export interface Tree {
  readonly files: readonly string[];
  readonly read: (file: string) => string;
  readonly exists: (file: string) => boolean;
}
