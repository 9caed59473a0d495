// What can't be in a sandbox, with the reason: parts of Node, and native code.

import { existsSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { isAbsolute, join, relative, sep } from "node:path";

const NODE = new Set(builtinModules.flatMap((name) => [name, `node:${name}`]));
const NAMESAKE = Symbol("looking for a package of that name");
/** Packages with native code find it by these; the code itself would be missing only when it is called. */
const FINDERS = /^(bindings|node-gyp-build|node-pre-gyp|@mapbox\/node-pre-gyp|prebuild-install)$/;

/** Packages that hold the native code of another one for one kind of machine: `@img/sharp-linux-x64`, `@node-rs/crc32-win32-x64-msvc`. */
const FOR_A_MACHINE = /^[^.].*\b(linux|linuxmusl|darwin|win32|android|freebsd)-(x64|ia32|arm|arm64|universal|ppc64|riscv64|s390x)\b/;

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

/** Why what the bundler did not find, or could not read, is native code, if it is. */
export function unbundled({ text, location }, project) {
  const [, path] =
    /^Could not resolve (?:require\()?"([^"]+)"/.exec(text) ?? /^No loader is configured for "\.node" files: (.+)$/.exec(text) ?? [];
  if (!path || !(path.endsWith(".node") || FOR_A_MACHINE.test(path) || mainOf(path, project).endsWith(".node"))) {
    return undefined;
  }
  const importer = location ? join(project, location.file) : project;
  const who = [importer, path, join("node_modules", path)].find((file) => packageOf(file));
  return native(whoOf(who ?? importer, project), path, project);
}

/** What the manifest of an installed package names as its module. */
function mainOf(name, project) {
  const manifest = join(project, "node_modules", name, "package.json");
  try {
    return existsSync(manifest) ? String(JSON.parse(readFileSync(manifest, "utf8")).main ?? "") : "";
  } catch {
    // The bundler says what is wrong with it.
    return "";
  }
}

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
  const name = packageOf(importer);
  return name ? `the package \`${name}\`` : relative(project, importer) || "the project";
}

function packageOf(file) {
  return /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file.split(sep).join("/"))?.[1];
}
