import js from "@eslint/js";
import globals from "globals";

export default [
  { ignores: ["clients/**", "node_modules/**", "artefacts/**", ".venv/**"] },
  js.configs.recommended,
  {
    files: ["**/*.js", "**/*.mjs"],
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: { eqeqeq: ["error", "always", { null: "ignore" }], "no-var": "error", "prefer-const": "error" },
  },
  { files: ["service/web/**", "training/labelling/web/**"], languageOptions: { globals: globals.browser } },
  { files: ["service/web/sw.js"], languageOptions: { globals: globals.serviceworker } },
  { files: ["examples/**", "scripts/**", "*.config.js"], languageOptions: { globals: globals.node } },
];
