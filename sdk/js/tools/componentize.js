// Builds a project into a component: `node componentize.js PROJECT COMPONENT WIT MODULES`
//
// PROJECT is the folder with the package.json, WIT the folder of the contract, and MODULES a node_modules folder that has
// esbuild and componentize-qjs. `tenon build` runs this; nothing here knows of Tenon's cache. The files that were bundled are
// listed in COMPONENT.inputs, one per line: those outside the project are known from nowhere else.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { bundle } from "./bundle.js";
import { placeOf } from "./lines.js";
import { Mistake } from "./mistake.js";

const ENTRIES = ["src/index.ts", "src/index.js", "index.ts", "index.js", "src/index.mts", "src/index.mjs"];

async function main([project, component, wit, modules]) {
  const { build } = requireFrom(modules)("esbuild");
  const { componentize } = requireFrom(modules)("componentize-qjs");
  const { modules: bundled, isJob, table, files } = await bundle(build, resolve(project), entryOf(project));
  // The engine finds the SDK's module beside the project's.
  const folder = `${resolve(component)}.modules`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${resolve(component)}.inputs`, files.join("\n"));
  for (const [name, code] of Object.entries(bundled)) writeFileSync(join(folder, name), code);
  const options = {
    witPath: wit,
    world: isJob ? "job-script" : "transformer",
    jsSource: bundled["main.js"],
    jsPath: join(folder, "main.js"),
    moduleRoot: folder,
    // Without the component model's async functions, which the host doesn't use.
    sync: true,
  };
  let made;
  try {
    made = await componentize(options);
  } catch (error) {
    throw new Mistake(startFailure(error.message, table));
  }
  writeFileSync(component, made.component);
}

const requireFrom = (modules) => createRequire(join(resolve(modules), "none.js"));

/** The module that declares the functions: what package.json says, or the first of the usual places. */
function entryOf(project) {
  const manifest = join(project, "package.json");
  let main;
  try {
    ({ main } = existsSync(manifest) ? JSON.parse(readFileSync(manifest, "utf8")) : {});
  } catch (error) {
    throw new Mistake(`${manifest} is no JSON: ${error.message}`);
  }
  const candidates = main ? [main] : ENTRIES;
  const entry = candidates.find((file) => existsSync(join(project, file)));
  if (!entry) {
    throw new Mistake(
      main
        ? `${manifest} says that the module is ${main}, but there is no such file`
        : `${project} has none of ${ENTRIES.join(", ")}: write one, or name the module as "main" in package.json`,
    );
  }
  return entry;
}

/**
 * The modules' code ran while the component was made, and threw: the places in the bundle become those in the
 * sources.
 */
function startFailure(message, table) {
  const told = message
    .replace(/^[\s:]*(?:Failed to [^:]*: )*/, "")
    .split("\n")
    .filter((line) => !line.includes("/sdk.js:"))
    .map((line) => line.replace(/\/main\.js:(\d+)(?::\d+)?/, (place, at) => placeOf(table, Number(at)) ?? place))
    .join("\n");
  return `its modules can't be started, which happens while the component is built: ${told.trim()}`;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  // The prefix tells whoever runs this that the project is at fault, and not the build.
  console.error(error instanceof Mistake ? `mistake: ${error.message}` : error.stack);
  process.exitCode = 1;
}
