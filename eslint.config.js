/** What the page's code must pass beside the type checker. Every exception says why. */

import js from "@eslint/js";
import jsdoc from "eslint-plugin-jsdoc";
import globals from "globals";

/** Which folders of the page import which: pages -> ui, store -> api. A page imports no other page, only pages/common. */
const ANOTHER_PAGE = "^\\.\\./(?!\\.\\./|common/)";
const FORBIDDEN_IMPORTS = {
  "web/js/api/**": "/(pages|store|ui)/",
  "web/js/store/**": "/(pages|ui)/",
  "web/js/ui/**": "/(pages|store)/|/api/(?!http\\.js)", // forms show an ApiError at its field
  "web/js/pages/*/**": ANOTHER_PAGE,
};

export default [
  { ignores: ["web/js/generated/**"] }, // made by `make generate`
  js.configs.recommended,
  {
    languageOptions: { ecmaVersion: 2025, sourceType: "module" },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      curly: ["error", "multi-line"],
      eqeqeq: "error",
      "max-lines": ["error", 300],
      "no-console": "error",
      "no-else-return": "error",
      "no-implicit-coercion": "error",
      "no-param-reassign": "error",
      "no-restricted-properties": ["error", ...["innerHTML", "outerHTML", "insertAdjacentHTML"].map((property) => (
        { property, message: "Text goes in as text nodes only: see ui/dom.js." }))],
      "no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }], // _ marks what is skipped
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": "error",
      "prefer-template": "error",
    },
  },
  { files: ["web/js/**"], languageOptions: { globals: globals.browser } },
  { files: ["tests/web/**", "eslint.config.js"], languageOptions: { globals: globals.node } },
  {
    files: ["web/js/**"],
    plugins: { jsdoc },
    settings: { jsdoc: { mode: "typescript" } },
    rules: {
      "jsdoc/check-param-names": ["error", { checkDestructured: false }], // the type of a destructured object says its fields
      "jsdoc/check-tag-names": "error",
      "jsdoc/require-jsdoc": ["error", {
        publicOnly: true, require: { ArrowFunctionExpression: true, ClassDeclaration: true, FunctionDeclaration: true },
      }],
      "jsdoc/require-param": ["error", { checkDestructured: false }],
      "jsdoc/require-param-type": "error",
      "jsdoc/require-returns-type": "error",
    },
  },
  { files: ["web/js/texts/**"], rules: { "jsdoc/require-param": "off" } }, // one line for each text; tsc wants the types
  ...Object.entries(FORBIDDEN_IMPORTS).map(([files, regex]) => (
    { files: [files], rules: { "no-restricted-imports": ["error", { patterns: [{ regex, message: "Against the arrows: see eslint.config.js." }] }] } })),
];
