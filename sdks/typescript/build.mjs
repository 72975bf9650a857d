// Builds dist/ (ESM, CommonJS, declarations) and says what each entry weighs; more than the limit fails.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const LIMITS = { index: 6 * 1024, webhooks: 1024 };
const entryPoints = Object.keys(LIMITS).map((name) => `src/${name}.ts`);
const common = { entryPoints, bundle: true, target: "es2022", platform: "neutral", logLevel: "warning" };

rmSync("dist", { recursive: true, force: true });
execFileSync(process.execPath, ["node_modules/typescript/bin/tsc"], { stdio: "inherit" });
await build({ ...common, format: "esm", outdir: "dist" });
await build({ ...common, format: "cjs", outdir: "dist", outExtension: { ".js": ".cjs" } });
// CommonJS wants declarations under its own ending, and they name each other by it.
for (const folder of ["dist", "dist/generated"])
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".d.ts")))
    writeFileSync(`${folder}/${file.replace(/ts$/, "cts")}`, readFileSync(`${folder}/${file}`, "utf8").replace(/\.js"/g, '.cjs"'));

let tooMuch = false;
for (const [name, limit] of Object.entries(LIMITS)) {
  const small = await build({ ...common, entryPoints: [`src/${name}.ts`], minify: true, format: "esm", write: false });
  const weight = gzipSync(small.outputFiles[0].contents, { level: 9 }).length;
  console.log(`${name}: ${weight} octets minified and gzipped, of ${limit}`);
  tooMuch ||= weight > limit;
}
if (tooMuch) process.exit(1);
