// Two modules out of a project: one of it and its dependencies, and one of what they import of the SDK.
//
// The engine keeps the text of every function beside its code, and a snapshot keeps all of it. So the SDK is minified, and
// holds only what the project imports; the project is not, so that its stacks can be read.

import { existsSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { lineTable } from "./lines.js";
import { Mistake } from "./mistake.js";
import { refusals, unbundled } from "./refusals.js";

const SDK = join(dirname(dirname(fileURLToPath(import.meta.url))), "src");

/**
 * The modules by their names, the table of the lines of `main.js`, whether the project declares a job, and the files that
 * were bundled. `build` is esbuild's.
 */
export async function bundle(build, project, entry) {
  const { text, map, files } = await projectCode(build, project, entry);
  const { code, names, isScript } = onSdk(text);
  const isJob = names.has("job") && !isScript;
  const table = lineTable(JSON.parse(map), (source) => nameOf(source, project));
  const main = `${code}\n${guestOf(isJob, table)}${SWEEP}\n`;
  const sdk = await sdkCode(build, [...names], isScript ? "./script.js" : "./index.js", isJob);
  return { modules: { "main.js": main, "sdk.js": sdk }, table, isJob, files };
}

/** What makes a component of the project's exports. Its names are none that a project has. */
function guestOf(isJob, table) {
  const interfaces = isJob ? ["batches", "host", "pipeline"] : ["batches", "host"];
  const exported = isJob ? ["transform", "job"] : ["transform"];
  const unpacked = exported.map((name) => `${name}: tenon_${name}`).join(", ");
  const renamed = exported.map((name) => `tenon_${name} as ${name}`).join(", ");
  const host = interfaces.map((name) => `${name}: tenon_${name}`).join(", ");
  return `
import { guest as tenonGuest } from "./sdk.js";
${interfaces.map((name) => `import tenon_${name} from "tenon:etl/${name}@0.1.0";`).join("\n")}
globalThis[Symbol.for("tenon.lines")] = ${JSON.stringify(JSON.stringify(table))};
const { ${unpacked} } = tenonGuest(tenonExports, { ${host} });
export { ${renamed} };
`;
}

/** The project with its dependencies, but without the SDK. */
async function projectCode(build, project, entry) {
  const contents = `export * as tenonExports from ${JSON.stringify(`./${entry}`)};`;
  const { outputFiles, metafile } = await told(project, () =>
    build({
      stdin: { contents, resolveDir: project, sourcefile: "tenon:guest" },
      absWorkingDir: project,
      outfile: join(project, "bundle.js"),
      external: ["@tenon/sdk", "@tenon/sdk/*"],
      mainFields: ["module", "main"],
      conditions: ["import"],
      sourcemap: "external",
      sourcesContent: false,
      metafile: true,
      plugins: [refusals(project)],
      format: "esm",
      ...COMMON,
    }),
  );
  const ending = (end) => outputFiles.find((file) => file.path.endsWith(end)).text;
  // What isn't a file, as the module of `stdin`, has a name that no file has.
  const files = Object.keys(metafile.inputs).map((file) => join(project, file));
  return { text: ending(".js"), map: ending(".map"), files: files.filter((file) => existsSync(file)) };
}

const COMMON = {
  bundle: true,
  write: false,
  platform: "neutral",
  target: "es2023",
  legalComments: "none",
  logLevel: "silent",
};

/** What the project imports of the SDK, and what a component needs. */
async function sdkCode(build, names, from, isJob) {
  const some = names.includes("*") ? "*" : `{ ${names.join(", ")} }`;
  const contents = `export ${some} from "${from}";\nexport { guest } from "./${isJob ? "guest-job" : "guest"}.js";`;
  const { outputFiles } = await told(SDK, () =>
    build({
      stdin: { contents, resolveDir: SDK, sourcefile: "@tenon/sdk" },
      absWorkingDir: SDK,
      format: "esm",
      minify: true,
      ...COMMON,
    }),
  );
  return outputFiles[0].text;
}

/** The bundle, importing the SDK from the module beside it, and the names that it imports. */
function onSdk(text) {
  const names = new Set();
  let isScript = false;
  const code = text
    .replace(/^(import (?:\{([^}]*)\}|\* as \w+) from )"@tenon\/sdk(\/script)?";/gm, (_, start, list = "*", script) => {
      isScript ||= script !== undefined;
      for (const member of list.split(",")) names.add(member.trim().split(" as ")[0]);
      return `${start}"./sdk.js";`;
    })
    .replace(/^export \{\s*(\w+) as tenonExports\s*\};/m, "const tenonExports = $1;")
    .replace(/^export \{\s*tenonExports\s*\};/m, "");
  names.delete("");
  const [other] = /^.*["']@tenon\/sdk(\/[^"']*)?["'].*$/m.exec(code) ?? [];
  if (other) {
    const advice = other.includes("/testing")
      ? "@tenon/sdk/testing is for tests only"
      : 'import by name: import { transform } from "@tenon/sdk"';
    throw new Mistake(`the project says \`${other.trim()}\`, which can't be built: ${advice}`);
  }
  return { code, names, isScript };
}

/**
 * Overwrites the memory that parsing left behind with zeros, which the snapshot doesn't hold: a tenth of a component.
 * Larger pieces first, so that the smaller ones fill what is left.
 */
const SWEEP = `(() => {
  const held = [];
  for (const [bytes, count] of [[65536, 4], [8192, 20], [2048, 60], [512, 100]]) {
    for (let i = 0; i < count; i++) held.push("\\0".repeat(bytes));
  }
})();`;

/** Runs the bundler in a folder; its errors with their places. */
async function told(folder, run) {
  try {
    return await run();
  } catch (error) {
    if (!error.errors) throw error;
    throw new Mistake(error.errors.map((one) => describe(one, folder)).join("\n"));
  }
}

function describe({ text, location, notes }, folder) {
  const place = location ? `${location.file}:${location.line}:${location.column + 1}: ` : "";
  const native = unbundled({ text, location }, folder);
  if (native) return `${place}${native}`;
  const missing = /^Could not resolve "([^./][^"]*)"/.exec(text);
  const advice = missing ? `; if it is a package, install it in the project's folder: npm install ${missing[1]}` : "";
  const unknown = location?.file === "@tenon/sdk" && /^No matching export in "\S+" for import "(\w+)"/.exec(text);
  if (unknown) return `@tenon/sdk has no \`${unknown[1]}\``;
  const line = location?.lineText ? `\n  ${location.lineText.trim()}` : "";
  const noted = missing ? [] : notes.map((note) => `\n  ${note.text}`);
  return `${place}${text}${advice}${line}${noted.join("")}`;
}

/** How a file is named in stacks; what the build adds is left out of them. */
function nameOf(source, project) {
  if (source.startsWith("tenon:")) return "";
  return relative(project, join(project, source)).split(sep).join("/");
}
