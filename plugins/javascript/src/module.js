// A script's text as the body of a function. Lines keep their numbers, so that errors show the script's own.

import { badConfig } from "@tenon/sdk/script";

/** Something that begins a line, with what it becomes. */
const REPLACED = [
  [/^import\s*\*\s*as\s+(\w+)\s*from\s*(["'])@tenon\/sdk\2/gm, "const $1 = __tenon"],
  [/^export\s+default\s+(?=(?:async\s+)?function\b|class\b)/gm, ""],
  [/^export\s+default\s+/gm, "const __default = "],
  [/^export\s+(?=(?:const|let|var|function|class|async)\b)/gm, ""],
  [/^export\s*\{[^}]*\}\s*;?/gm, blankOut],
];

/** `import { a, b as c } from "@tenon/sdk"`, over any number of lines. */
const IMPORT = /^import\s*\{([^}]*)\}\s*from\s*(["'])@tenon\/sdk\2/gm;
/** Any other import of a module. */
const FOREIGN = /^import\s*(?:[\w*{][^;"']*\sfrom\s*)?(["'])([^"']+)\1/m;
const DECLARED = /^(?:const|let|var|function|class)\s+(\w+)/gm;

/** The text of an expression: a function of the SDK that runs the script and answers with what it declares by name. */
export function asFunction(text, file) {
  let body = text.replace(/^#!.*/, "");
  body = body.replace(IMPORT, (_, list) => `const {${list.replace(/\b(\w+)\s+as\s+(\w+)/g, "$1: $2")}} = __tenon`);
  for (const [form, becomes] of REPLACED) body = body.replace(form, becomes);
  const [, , foreign] = FOREIGN.exec(body) ?? [];
  if (foreign) {
    throw badConfig(
      `${file} imports \`${foreign}\`, but a script has @tenon/sdk only: to use other modules and packages, make it a project ` +
        "with `tenon new NAME --lang js`, which bundles them",
    );
  }
  const names = [...new Set(Array.from(body.matchAll(DECLARED), ([, name]) => name))];
  // A line that looks like a declaration may stand inside a template: what isn't there is left out.
  const found = names.map((name) => `try { __found.${name} = ${name}; } catch {}`).join(" ");
  return `(function (__tenon) { "use strict"; ${body}\n;const __found = {}; ${found} return __found; })`;
}

/** As many lines of nothing. */
function blankOut(text) {
  return text.replace(/[^\n]/g, " ");
}
