// What can't be in a sandbox, with the reason: parts of Node, and native code.

import { builtinModules } from "node:module";
import { isAbsolute, relative, sep } from "node:path";

const NODE = new Set(builtinModules.flatMap((name) => [name, `node:${name}`]));
const NAMESAKE = Symbol("looking for a package of that name");
/** Packages with native code find it by these; the code itself would be missing only when it is called. */
const FINDERS = /^(bindings|node-gyp-build|node-pre-gyp|@mapbox\/node-pre-gyp|prebuild-install)$/;

/** A plugin of the bundler for a project's folder. */
export const refusals = (project) => ({
  name: "refusals",
  setup(build) {
    const told = new Set();
    // One reason of each kind says enough about a package.
    const refusal = (explain, { path, importer }) => {
      const who = whoOf(importer || path, project);
      if (told.has(who + explain.name)) return { path, external: true };
      told.add(who + explain.name);
      return { errors: [{ text: explain(who, path, project) }] };
    };
    build.onResolve({ filter: /\.(node|so|dylib|dll)$/ }, (wanted) => refusal(native, wanted));
    build.onResolve({ filter: FINDERS }, (wanted) => refusal(native, wanted));
    build.onResolve({ filter: /.*/ }, async (wanted) => {
      const { path, importer, kind, resolveDir, pluginData } = wanted;
      if (kind === "entry-point" || !NODE.has(path) || pluginData === NAMESAKE) return undefined;
      // Some packages are namesakes of a part of Node (`buffer`, `events`): one that is installed is meant.
      const installed = await build.resolve(path, { importer, kind, resolveDir, pluginData: NAMESAKE });
      return installed.errors.length > 0 || installed.external ? refusal(builtin, wanted) : installed;
    });
  },
});

function builtin(who, path) {
  return (
    `${who} needs \`${path}\`, a part of Node.js. The sandbox runs JavaScript without Node: no files, no network, ` +
    "no processes. Use a package that runs in browsers too, or what @tenon/sdk offers (log, random, state, secret)"
  );
}

function native(who, path, project) {
  return (
    `${who} has native code (\`${isAbsolute(path) ? relative(project, path) : path}\`), which can't run in a sandbox: ` +
    "it is compiled for this machine, and the sandbox runs WebAssembly. Use a package in plain JavaScript"
  );
}

/** Which package, or which file of the project, imports something. */
function whoOf(importer, project) {
  const [, name] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(importer.split(sep).join("/")) ?? [];
  return name ? `the package \`${name}\`` : relative(project, importer) || "the project";
}
