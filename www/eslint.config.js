import jsdoc from "eslint-plugin-jsdoc";
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["dist/", "demo/dist/", "docs/", "gallery/dist/", "test-build/", "node_modules/", "conformance/*.d.mts"] },
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ["eslint.config.js", "scripts/*.mjs"] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      "max-lines": ["error", 400],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-unused-vars": ["error", { ignoreRestSiblings: true }],
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      // What a bug or an old engine may hand over is checked although the types say that it cannot be.
      "@typescript-eslint/no-unnecessary-condition": "off",
    },
  },
  {
    files: ["src/**/*.ts"],
    plugins: { jsdoc },
    rules: {
      "no-restricted-syntax": ["error", { selector: "TSAnyKeyword", message: "no any" }],
      "jsdoc/require-jsdoc": ["error", {
        publicOnly: true,
        contexts: [
          "TSInterfaceDeclaration", "TSTypeAliasDeclaration", "VariableDeclaration",
          "MethodDefinition[accessibility!='private'][kind!='constructor'][override!=true]",
          "PropertyDefinition[accessibility!='private']",
        ],
        require: { ClassDeclaration: true, FunctionDeclaration: true },
      }],
    },
  },
  {
    files: ["test/**/*.ts"],
    rules: {
      // node:test's own promises are its business.
      "@typescript-eslint/no-floating-promises": ["error", { allowForKnownSafeCalls: [{ from: "package", name: ["test", "describe"], package: "node:test" }] }],
    },
  },
  { files: ["**/*.js", "**/*.mjs"], extends: [tseslint.configs.disableTypeChecked] },
);
