// A JavaScript guest on SpiderMonkey in place of QuickJS: `node componentize.js PROJECT ENTRY COMPONENT MODULES`
//
// The same project with the same SDK, bundled as `tenon build` does, in componentize-js's engine. MODULES is a node_modules
// folder with what package.json names. Without componentize-js's own features the component imports the contract and nothing
// else, as one on QuickJS does.

import { writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { bundle } from "../../../sdk/js/tools/bundle.js";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../../..");

const [project, entry, component, modules] = process.argv.slice(2);
// By their files: packages are looked for from here upwards, where they are not.
const load = (file) => import(pathToFileURL(resolve(modules, file)));
const { build } = await load("esbuild/lib/main.js");
const { componentize } = await load("@bytecodealliance/componentize-js/src/componentize.js");

const bundled = await bundle(build, resolve(project), entry);
const made = await componentize(await oneModule(bundled.modules), {
  witPath: join(ROOT, "wit"),
  worldName: "transformer",
  disableFeatures: ["stdio", "random", "clocks", "http", "fetch-event"],
});
writeFileSync(component, made.component);

/** The project and the SDK as one module, which is what this engine takes. It imports interfaces by the names in them. */
async function oneModule(modules) {
  const contents = modules["main.js"].replace(/^import (tenon_\w+) from/gm, "import * as $1 from");
  const sdk = {
    name: "sdk",
    setup(build) {
      build.onResolve({ filter: /^\.\/sdk\.js$/ }, ({ path }) => ({ path, namespace: "sdk" }));
      build.onLoad({ filter: /.*/, namespace: "sdk" }, () => ({ contents: modules["sdk.js"] }));
    },
  };
  const { outputFiles } = await build({
    stdin: { contents },
    external: ["tenon:*"],
    plugins: [sdk],
    bundle: true,
    write: false,
    format: "esm",
    platform: "neutral",
    target: "es2023",
  });
  return outputFiles[0].text;
}
