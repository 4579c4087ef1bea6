// Starts a program of the playground from its TypeScript source: `node tools/playground/run.mjs PROGRAM [ARG...]`.
// Without tsx's cache, which would be a file outside the state directory.
process.env.TSX_DISABLE_CACHE = '1';
const { register } = await import('tsx/esm/api');
register();
const [program] = process.argv.splice(2, 1);
await import(new URL(`./src/${program}.ts`, import.meta.url).href);
