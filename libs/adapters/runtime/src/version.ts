declare const OSM_BUILD:
  { readonly version: string; readonly commit: string; readonly date: string } | undefined;

/** What /version says. The build replaces OSM_BUILD; a run from source says "dev". Keys are OSM's. */
export function versionInfo(): {
  readonly version: string;
  readonly git_commit: string;
  readonly build_date: string;
} {
  const build = typeof OSM_BUILD === 'undefined' ? undefined : OSM_BUILD;
  return {
    version: build?.version ?? 'dev',
    git_commit: build?.commit ?? 'dev',
    build_date: build?.date ?? 'dev',
  };
}
